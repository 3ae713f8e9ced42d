"""exiftool looks at a copy after it was cleaned, and what it finds outside this list condemns the copy.

Pure: it reads what exiftool wrote. The list says what a file is, never who made it, where, when or with what.
"""

import re
from typing import Final

import msgspec

# Every tag, twice if it is there twice, unknown ones, those of blocks in blocks, and what lies behind a JPEG.
QUESTION: Final = ("-j", "-G1", "-a", "-U", "-ee3", "-all", "-Trailer")
ALLOWED: Final = re.compile(
    r"""SourceFile | ExifTool:(ExifToolVersion|Warning) | Composite:(ImageSize|Megapixels|Duration|AvgBitrate|Rotation)
    | System:(FileName|Directory|FileSize|FileModifyDate|FileAccessDate|FileInodeChangeDate|FilePermissions)
    | File:(FileType|FileTypeExtension|MIMEType|MIMEEncoding|Newlines|LineCount|WordCount|ImageWidth|ImageHeight
           |EncodingProcess|BitsPerSample|ColorComponents|YCbCrSubSampling|ByteOrderMark|ID3Size)
    | JFIF:(JFIFVersion|ResolutionUnit|XResolution|YResolution)
    | Adobe:(DCTEncodeVersion|APP14Flags0|APP14Flags1|ColorTransform)
    | PNG:(ImageWidth|ImageHeight|BitDepth|ColorType|Compression|Filter|Interlace|Palette|Transparency)
    | PDF:(PDFVersion|Linearized|PageCount)
    | ZIP:Zip\w+
    | MPEG:(MPEGAudioVersion|AudioLayer|AudioBitrate|SampleRate|ChannelMode|MSStereo|IntensityStereo|CopyrightFlag
           |OriginalMedia|Emphasis)
    | FLAC:(BlockSizeM\w+|FrameSizeM\w+|SampleRate|Channels|BitsPerSample|TotalSamples|MD5Signature)
    | (Vorbis|Opus):(VorbisVersion|OpusVersion|AudioChannels|SampleRate|NominalBitrate|OutputGain)
    | RIFF:(Encoding|NumChannels|SampleRate|AvgBytesPerSec|BitsPerSample)
    | QuickTime:(MajorBrand|MinorVersion|CompatibleBrands|Free|MediaData(Size|Offset)?|MovieHeaderVersion|CreateDate
           |ModifyDate|TimeScale|Duration|Preferred(Rate|Volume)|MatrixStructure|Preview(Time|Duration)|PosterTime
           |Selection(Time|Duration)|CurrentTime|NextTrackID|HandlerType
           |HandlerVendorID)
    | Track:(Track(HeaderVersion|CreateDate|ModifyDate|ID|Duration|Layer|Volume)|MatrixStructure|ImageWidth|ImageHeight
           |Media(HeaderVersion|CreateDate|ModifyDate|TimeScale|Duration|LanguageCode)|Handler(Type|Description)
           |GraphicsMode|OpColor|CompressorID|SourceImage(Width|Height)|[XY]Resolution|BitDepth|PixelAspectRatio
           |BufferSize|MaxBitrate|AverageBitrate|VideoFrameRate|Balance|Audio(Format|Channels|BitsPerSample|SampleRate)
           |Unknown_(edts|esds|btrt)|AVCConfiguration|HEVCConfiguration|SyncSampleTable|CompositionTimeToSample|TimeToSampleTable
           |SampleToChunk|SampleSizes|ChunkOffset|IdependentAndDisposableSamples|SampleGroupDescription|SampleToGroup)
    """,
    re.VERBOSE,
)
# Allowed only with a value that says nothing.
CONSTANT: Final[dict[str, tuple[object, ...]]] = {
    "JFIF:JFIFVersion": (1.01,),
    "JFIF:ResolutionUnit": ("None",),
    "JFIF:XResolution": (1,),
    "JFIF:YResolution": (1,),
    **dict.fromkeys(
        (
            *("QuickTime:CreateDate", "QuickTime:ModifyDate", "Track:TrackCreateDate", "Track:TrackModifyDate"),
            *("Track:MediaCreateDate", "Track:MediaModifyDate"),
        ),
        ("0000:00:00 00:00:00",),
    ),
    "QuickTime:HandlerType": ("Metadata",),
    "QuickTime:HandlerVendorID": ("Apple",),
    "Track:HandlerDescription": ("VideoHandler", "SoundHandler"),
    "Track:MediaLanguageCode": ("und",),
    "ZIP:ZipModifyDate": ("1980:01:01 00:00:00", "1980:00:00 00:00:00"),
}
# How sound is coded (ISO 14496-1, ES_Descriptor) and at which rate: every film of a phone has these. Where they are
# longer than sound needs, there is room for a recorder's name in them.
SMALL: Final = frozenset({"Track:Unknown_esds", "Track:Unknown_btrt"})
_SMALL: Final = re.compile(r"\(Binary data ([1-5]?[0-9]) bytes, use -b option to extract\)")
_TRACK: Final = re.compile(r"^Track\d+:")


def strangers(answer: bytes) -> list[str]:
    """The tags in exiftool's answer that are not on the list. Raises ValueError when it is not an answer."""
    found = msgspec.json.decode(answer, type=list[dict[str, object]], strict=True)
    if len(found) != 1:
        raise ValueError("not one file")
    return [tag for tag, value in found[0].items() if not _allowed(_TRACK.sub("Track:", tag), value)]


def _allowed(tag: str, value: object) -> bool:
    if tag in SMALL:
        return isinstance(value, str) and bool(_SMALL.fullmatch(value))
    return bool(ALLOWED.fullmatch(tag)) and value in CONSTANT.get(tag, (value,))

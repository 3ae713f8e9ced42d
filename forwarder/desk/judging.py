"""exiftool looks at a copy after it was cleaned, and what it finds outside this list condemns the copy.

Pure: it reads what exiftool wrote. The list says what a file is, never who made it, where, when or with what.
"""

import re
from typing import Final

import msgspec

# Every tag, twice if it is there twice, unknown ones, those of blocks in blocks, and what lies behind a JPEG.
QUESTION: Final = ("-j", "-G1", "-a", "-U", "-ee3", "-all", "-Trailer")
ALLOWED: Final = re.compile(
    r"""SourceFile | ExifTool:(ExifToolVersion|Warning) | Composite:(ImageSize|Megapixels|Duration|AvgBitrate)
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
    | (QuickTime|Track\d+):(MajorBrand|MinorVersion|CompatibleBrands|MediaDataSize|MediaDataOffset|MovieHeaderVersion
           |TimeScale|Duration|Preferred\w+|Preview\w+|Poster\w+|Selection\w+|CurrentTime|NextTrackID|Track\w+
           |MatrixStructure|Image\w+|Media\w+|Handler\w+|GraphicsMode|OpColor|CompressorID|SourceImage\w+|Audio\w+
           |BitDepth|PixelAspectRatio|VideoFrameRate|Balance|BufferSize|MaxBitrate|AverageBitrate|XResolution
           |YResolution)
    """,
    re.VERBOSE,
)
# Allowed only with a value that says nothing.
CONSTANT: Final[dict[str, tuple[object, ...]]] = {
    "JFIF:JFIFVersion": (1.01,),
    "JFIF:ResolutionUnit": ("None",),
    "JFIF:XResolution": (1,),
    "JFIF:YResolution": (1,),
    "ZIP:ZipModifyDate": ("1980:01:01 00:00:00", "1980:00:00 00:00:00"),
}


def strangers(answer: bytes) -> list[str]:
    """The tags in exiftool's answer that are not on the list. Raises ValueError when it is not an answer."""
    found = msgspec.json.decode(answer, type=list[dict[str, object]], strict=True)
    if len(found) != 1:
        raise ValueError("not one file")
    return [
        tag for tag, value in found[0].items() if not ALLOWED.fullmatch(tag) or value not in CONSTANT.get(tag, (value,))
    ]

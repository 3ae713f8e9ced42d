"""The rules of the house as functions: a module goes in, its faults come out.

A rule looks at one module and knows nothing else, so a test can hand it a module that breaks it.
"""

import ast
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache, cached_property
from pathlib import Path, PurePosixPath
from typing import Final


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


ROOT: Final = Path(__file__).resolve().parent.parent
PACKAGES: Final = ("crypto", "onion_service", "forwarder", "relay")  # imports only point left
FOLDERS: Final = (*PACKAGES, "deploy", "tests")

MODULE_LINES: Final = 400
FUNCTION_LINES: Final = 60
DATA_TABLES: Final[frozenset[str]] = frozenset()  # modules that may be longer, because they are one table

PURE: Final = ("crypto", "onion_service/torrc", "onion_service/clean", "forwarder/retry", "relay/mix", "relay/rounds")
PURE_MARK: Final = re.compile(r"^Pure: ", re.MULTILINE)
IMPURE_IMPORTS: Final = _words("""
    os time socket subprocess logging asyncio shutil tempfile signal select selectors ssl threading multiprocessing
    concurrent mmap fcntl ctypes getpass glob platform sys sqlite3 sqlcipher3 http urllib ftplib smtplib
    aiohttp aiohttp_socks python_socks stem uvloop redis typer rich uuid psutil warnings
""")
IMPURE_NAMES: Final = _words("""
    open input print exec eval compile breakpoint io.open io.FileIO
    datetime.datetime.now datetime.datetime.utcnow datetime.datetime.today datetime.date.today
    random.SystemRandom nacl.utils.random nacl.utils.randombytes
""")
# A Path may be named in a pure module, as a value; what it could do to a disk may not.
PATH_TOUCHES_DISK: Final = _words("""
    open read_text read_bytes write_text write_bytes exists is_file is_dir is_symlink stat lstat touch mkdir rmdir
    unlink iterdir glob rglob resolve absolute cwd home expanduser rename chmod symlink_to hardlink_to readlink samefile
""")

LOGGERS: Final = frozenset({"relay/journal", "forwarder/desk/program"})
SPEAKERS: Final = "relay/cli"
DIALLING_IMPORTS: Final = _words("""
    stem aiohttp_socks python_socks http.client urllib.request urllib3 requests httpx ftplib smtplib poplib imaplib
    telnetlib xmlrpc websockets apprise mwclient socks
""")
DIALLING_NAMES: Final = _words("""
    aiohttp.ClientSession aiohttp.request aiohttp.TCPConnector aiohttp.UnixConnector socket.create_connection
    asyncio.open_connection asyncio.open_unix_connection
""")
DIALLING_METHODS: Final = _words("create_connection create_unix_connection sock_connect")
VAGUE_NAMES: Final = _words("util utils common helper helpers model models base manager managers misc")


@dataclass(frozen=True)
class Module:
    """A Python file of ours: where it lies (from the root of the project) and what it says."""

    path: PurePosixPath
    text: str

    @property
    def name(self) -> str:
        """The path without its ending; a package goes by its folder."""
        return str(self.path.parent if self.path.name == "__init__.py" else self.path.with_suffix(""))

    @property
    def package(self) -> str:
        return self.path.parts[0]

    @cached_property
    def tree(self) -> ast.Module:
        return ast.parse(self.text, filename=str(self.path))

    @cached_property
    def imports(self) -> tuple[str, ...]:
        """Every dotted name this module imports, wherever in it; `from a import b` is `a.b`."""
        return tuple(_imports(self))

    @cached_property
    def local_names(self) -> dict[str, str]:
        """What each imported name stands for here."""
        return dict(_local_names(self))

    @cached_property
    def uses(self) -> frozenset[str]:
        """Every dotted name it reads, with import aliases undone; builtins stand for themselves."""
        nodes = (node for node in ast.walk(self.tree) if isinstance(node, ast.Name | ast.Attribute))
        return frozenset(_dotted(node, self.local_names) for node in nodes)

    def is_in(self, *places: str) -> bool:
        return any(self.name == place or self.name.startswith(f"{place}/") for place in places)

    @property
    def is_shipped(self) -> bool:
        return self.package in PACKAGES

    @property
    def is_pure(self) -> bool:
        by_name = self.is_in(*PURE) or (self.is_shipped and self.path.name == "errors.py")
        return by_name or bool(PURE_MARK.search(ast.get_docstring(self.tree) or ""))


Rule = Callable[[Module], Iterator[str]]


@cache
def modules() -> tuple[Module, ...]:
    """All Python files of the project as they lie on disk, tests too; read once."""
    paths = sorted(path for folder in FOLDERS for path in (ROOT / folder).rglob("*.py"))
    return tuple(
        Module(PurePosixPath(path.relative_to(ROOT).as_posix()), path.read_text(encoding="utf-8")) for path in paths
    )


def imports_point_left(module: Module) -> Iterator[str]:
    """A package imports itself and packages to its left, by name, and never the tests or the deployment."""
    if not module.is_shipped:
        return
    right = FOLDERS[FOLDERS.index(module.package) + 1 :]
    yield from (f"imports {name}" for name in module.imports if name.split(".")[0] in right)
    yield from (
        f"imports by a computed name: {name}" for name in module.uses & {"importlib.import_module", "__import__"}
    )


def desk_knows_no_relay(module: Module) -> Iterator[str]:
    """What a partner runs works without the node's code."""
    if module.is_in("forwarder/desk"):
        yield from (f"imports {name}" for name in module.imports if _under(name, "relay"))


def door_knows_no_spool(module: Module) -> Iterator[str]:
    """The door is given `accept`; where cells are kept is not its business."""
    if module.is_in("onion_service/door", "onion_service/serving", "onion_service/answers"):
        yield from (f"imports {name}" for name in module.imports if "spool" in name.lower().split("."))


def pure_modules_are_pure(module: Module) -> Iterator[str]:
    """No clock, disk, network, process, log or chance of their own, and nothing of ours that has them.

    `crypto` alone draws random bytes, and only from `secrets`. A `random.Random` is given or is seeded.
    """
    if not module.is_pure:
        return
    for name in module.imports:
        root = name.split(".")[0]
        if root in IMPURE_IMPORTS:
            yield f"imports {name}"
        if root == "secrets" and module.package != "crypto":
            yield f"imports {name}: chance comes in as an argument"
        if root in PACKAGES and not _is_pure_name(name):
            yield f"imports {name}, which is not pure"
    yield from (f"uses {name}" for name in sorted(module.uses & IMPURE_NAMES))
    yield from (
        f"uses {name}" for name in module.uses if name.startswith("random.") and not _under(name, "random.Random")
    )
    if any(_under(name, "pathlib") for name in module.imports):
        touches = {name for name in module.uses if "." in name and name.rpartition(".")[2] in PATH_TOUCHES_DISK}
        yield from (f"uses {name}" for name in sorted(touches))
    yield from (f"line {line}: a Random without a seed" for line in _unseeded(module))


def only_the_journal_speaks(module: Module) -> Iterator[str]:
    """The journal and the desk's program log; the commands answer people; nothing else says a word."""
    if not module.is_shipped or module.name in LOGGERS:
        return
    yield from (f"imports {name}" for name in module.imports if name.split(".")[0] in {"logging", "syslog"})
    yield from (f"uses {name}" for name in module.uses & {"print"})
    if not module.is_in(SPEAKERS):
        yield from (f"imports {name}" for name in module.imports if name.split(".")[0] in {"typer", "rich", "click"})
        yield from (f"uses {name}" for name in module.uses & {"sys.stdout", "sys.stderr", "sys.__stderr__"})


def only_onion_service_connects(module: Module) -> Iterator[str]:
    """No other package imports a Tor or client library, or opens a connection."""
    if not module.is_shipped or module.package == "onion_service":
        return
    yield from (f"imports {name}" for name in module.imports if _under(name, *DIALLING_IMPORTS))
    yield from (f"uses {name}" for name in sorted(module.uses & DIALLING_NAMES))
    for call in _calls(module):
        called = _dotted(call.func, module.local_names)
        if called.rpartition(".")[2] in DIALLING_METHODS and called not in DIALLING_NAMES:
            yield f"line {call.lineno}: calls {called}"
        # A socket that was handed to us by its number is not a new way out.
        if called == "socket.socket" and all(word.arg != "fileno" for word in call.keywords):
            yield f"line {call.lineno}: makes a socket"


def one_suite(module: Module) -> Iterator[str]:
    """HPKE has one importer, so there is one place where the suite is chosen."""
    if module.is_shipped and module.name != "crypto/suite":
        hpke = "cryptography.hazmat.primitives.hpke"
        yield from (f"imports {name}" for name in module.imports if _under(name, hpke))


def no_pycryptodome(module: Module) -> Iterator[str]:
    """It would shadow or be shadowed by our own `crypto`, and we need nothing of it."""
    yield from (f"imports {name}" for name in module.imports if _under(name, "Crypto", "Cryptodome"))


def names_say_something(module: Module) -> Iterator[str]:
    """A module is named for what it is about."""
    yield from (f"is called {part}" for part in PurePosixPath(module.name).parts if part.lower() in VAGUE_NAMES)


def opens_with_a_promise(module: Module) -> Iterator[str]:
    """A module that says anything says first what may be relied on."""
    if module.text.strip() and not (ast.get_docstring(module.tree) or "").strip():
        yield "has no docstring"


def fits_in_a_head(module: Module) -> Iterator[str]:
    """A module stops at 400 lines."""
    lines = len(module.text.splitlines())
    if lines > MODULE_LINES and str(module.path) not in DATA_TABLES:
        yield f"has {lines} lines"


def fits_on_a_screen(module: Module) -> Iterator[str]:
    """A function stops at 60 lines."""
    for node in ast.walk(module.tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            lines = (node.end_lineno or node.lineno) - node.lineno + 1
            if lines > FUNCTION_LINES:
                yield f"{node.name} has {lines} lines"


def _under(name: str, *places: str) -> bool:
    return any(name == place or name.startswith(f"{place}.") for place in places)


def _imports(module: Module) -> Iterator[str]:
    for node in ast.walk(module.tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield from (f"{_origin(node, module)}.{alias.name}" for alias in node.names)


def _origin(node: ast.ImportFrom, module: Module) -> str:
    if not node.level:
        return node.module or ""
    above = module.path.parent.parts
    return ".".join([*above[: len(above) - node.level + 1], *([node.module] if node.module else [])])


def _local_names(module: Module) -> Iterator[tuple[str, str]]:
    for node in ast.walk(module.tree):
        if isinstance(node, ast.Import):
            yield from ((alias.asname, alias.name) for alias in node.names if alias.asname)
        elif isinstance(node, ast.ImportFrom):
            yield from ((alias.asname or alias.name, f"{_origin(node, module)}.{alias.name}") for alias in node.names)


def _dotted(node: ast.expr, known: dict[str, str]) -> str:
    if isinstance(node, ast.Name):
        return known.get(node.id, node.id)
    if isinstance(node, ast.Attribute):
        return f"{_dotted(node.value, known)}.{node.attr}"
    return "?"


def _calls(module: Module) -> Iterator[ast.Call]:
    return (node for node in ast.walk(module.tree) if isinstance(node, ast.Call))


def _unseeded(module: Module) -> Iterator[int]:
    for call in _calls(module):
        if _dotted(call.func, module.local_names) == "random.Random" and not call.args and not call.keywords:
            yield call.lineno


def _is_pure_name(name: str) -> bool:
    """Whether what is imported lies in a module that must be pure; a marked module may be read to know."""
    path = name.replace(".", "/")
    while path:
        for candidate in (f"{path}.py", f"{path}/__init__.py"):
            if (ROOT / candidate).is_file():
                return Module(PurePosixPath(candidate), (ROOT / candidate).read_text(encoding="utf-8")).is_pure
        path = path.rpartition("/")[0]
    return _under(name, *(place.replace("/", ".") for place in PURE))

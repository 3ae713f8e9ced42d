"""The dialog in which a person chooses files, answered: all that Firefox does before and after it is its own.

`Page.set_files` puts files into a field past the dialog, and past what Firefox keeps of a choice, such as the folder.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Final

from tests.browser.firefox import Firefox

_DIALOG: Final = """paths => {
  const CONTRACT = "@mozilla.org/filepicker;1";
  const chosen = paths.map((path) => {
    const file = Cc["@mozilla.org/file/local;1"].createInstance(Ci.nsIFile);
    file.initWithPath(path);
    return file;
  });
  class Dialog {
    QueryInterface = ChromeUtils.generateQI(["nsIFilePicker"]);
    mode = 0;
    filterIndex = 0;
    displayDirectory = null;
    init(context, title, mode) { this.mode = mode; }
    appendFilters() {}
    appendFilter() {}
    appendRawFilter() {}
    isModeSupported() { return true; }
    get file() { return chosen[0]; }
    get fileURL() { return Services.io.newFileURI(chosen[0]); }
    get files() { return chosen[Symbol.iterator](); }
    open(callback) { Services.tm.dispatchToMainThread(() => callback.done(Ci.nsIFilePicker.returnOK)); }
  }
  const registrar = Components.manager.QueryInterface(Ci.nsIComponentRegistrar);
  const id = Components.ID(Services.uuid.generateUUID().toString());
  const factory = {
    QueryInterface: ChromeUtils.generateQI(["nsIFactory"]),
    createInstance: (wanted) => new Dialog().QueryInterface(wanted),
  };
  registrar.registerFactory(id, "somebody who chooses", CONTRACT, factory);
}"""


def answer_dialogs(firefox: Firefox, paths: Sequence[Path]) -> None:
    """From now on whoever opens the dialog for files in this Firefox gets these."""
    firefox.privileged(_DIALOG, [str(path) for path in paths])

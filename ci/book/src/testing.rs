//! Small books for tests.

use std::path::Path;

use tempfile::TempDir;

/// A folder with these files.
pub(crate) fn tree(files: &[(&str, &str)]) -> TempDir {
    let root = tempfile::tempdir().unwrap();
    for (path, text) in files {
        write(root.path(), path, text);
    }
    root
}

/// Writes one more file.
pub(crate) fn write(root: &Path, path: &str, text: &str) {
    let path = root.join(path);
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    std::fs::write(path, text).unwrap();
}

/// A book of one page `a.md` with these two sides.
pub(crate) fn pair(en: &str, zh: &str) -> TempDir {
    tree(&[
        ("book.toml", "[book]\n"),
        ("src/en/SUMMARY.md", "# Summary\n\n[A](a.md)\n"),
        ("src/zh/SUMMARY.md", "# 目录\n\n[甲](a.md)\n"),
        ("src/en/a.md", en),
        ("src/zh/a.md", zh),
    ])
}

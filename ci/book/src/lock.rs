//! `Cargo.lock`: which version of what. Cargo writes it line by line in one form, and that form is read here.

use std::path::Path;

use anyhow::Context;

/// The lock file.
#[derive(Debug, Clone)]
pub struct Lock {
    packages: Vec<Package>,
}

/// A package of the lock file.
#[derive(Debug, Clone, Default)]
pub struct Package {
    /// Its name.
    pub name: String,
    /// Its exact version.
    pub version: String,
    /// Where it comes from; nothing for a crate of this workspace.
    pub source: Option<String>,
    /// `name`, or `name version` where the lock file has several.
    dependencies: Vec<String>,
}

impl Lock {
    /// Reads the lock file in `root`.
    ///
    /// # Errors
    ///
    /// When there is none.
    pub fn read(root: &Path) -> anyhow::Result<Self> {
        let path = root.join("Cargo.lock");
        let text = std::fs::read_to_string(&path).with_context(|| path.display().to_string())?;
        Ok(Self::parse(&text))
    }

    /// Reads the text of a lock file.
    pub fn parse(text: &str) -> Self {
        Self { packages: text.split("[[package]]\n").skip(1).map(Package::parse).collect() }
    }

    /// All packages, by name and version.
    pub fn packages(&self) -> &[Package] {
        &self.packages
    }

    /// The crate of this workspace with this name.
    pub fn member(&self, name: &str) -> Option<&Package> {
        self.packages.iter().find(|package| package.name == name && package.source.is_none())
    }

    /// What `of` gets when it asks for `name`.
    pub fn dependency(&self, of: &Package, name: &str) -> Option<&Package> {
        let entry = of.dependencies.iter().find(|entry| entry.split(' ').next() == Some(name))?;
        self.find(entry)
    }

    fn find(&self, entry: &str) -> Option<&Package> {
        let mut words = entry.split(' ');
        let (name, version) = (words.next()?, words.next());
        let matches =
            |package: &&Package| package.name == name && version.is_none_or(|version| package.version == version);
        self.packages.iter().find(matches)
    }
}

impl Package {
    fn parse(text: &str) -> Self {
        let mut package = Self::default();
        for line in text.lines() {
            let value = |key: &str| line.strip_prefix(key)?.strip_prefix(" = \"")?.strip_suffix('"').map(str::to_owned);
            if let Some(name) = value("name") {
                package.name = name;
            } else if let Some(version) = value("version") {
                package.version = version;
            } else if let Some(source) = value("source") {
                package.source = Some(source);
            } else if let Some(entry) = dependency(line) {
                package.dependencies.push(entry.to_owned());
            }
        }
        package
    }
}

/// A line of a list of dependencies.
fn dependency(line: &str) -> Option<&str> {
    line.strip_prefix(" \"")?.strip_suffix("\",")
}

#[cfg(test)]
mod tests {
    use super::*;

    const LOCK: &str = "# generated\nversion = 4\n\n[[package]]\nname = \"a\"\nversion = \"0.1.0\"\ndependencies = [\n \"http 1.5.0\",\n]\n\n\
                        [[package]]\nname = \"b\"\nversion = \"0.1.0\"\ndependencies = [\n \"http 0.2.0\",\n]\n\n\
                        [[package]]\nname = \"http\"\nversion = \"0.2.0\"\nsource = \"registry+x\"\n\n\
                        [[package]]\nname = \"http\"\nversion = \"1.5.0\"\nsource = \"registry+x\"\nchecksum = \"c\"\n";

    #[test]
    fn finds_the_version_that_a_crate_gets() {
        let lock = Lock::parse(LOCK);
        let version = |name| lock.dependency(lock.member(name).unwrap(), "http").unwrap().version.as_str();
        assert_eq!((version("a"), version("b")), ("1.5.0", "0.2.0"));
        assert!(lock.member("http").is_none());
        assert_eq!(lock.packages().len(), 4);
    }
}

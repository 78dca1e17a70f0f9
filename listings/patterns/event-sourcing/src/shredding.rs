//! Erasure in a store that never erases: what is personal is sealed, and the key can be thrown away.

use aws_lc_rs::aead::{AES_256_GCM, Aad, Nonce, RandomizedNonceKey};
use aws_lc_rs::rand;
use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use serde::{Deserialize, Serialize};
use sqlx::PgPool;

use crate::db::{Db, Operation, operation};
use crate::store::EventStore;

/// A text that only the holder of its subject's key can read. In JSON, a string.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Sealed(String);

/// Why a text could not be sealed or opened.
#[derive(Debug, thiserror::Error)]
pub enum VaultError {
    /// The database with the keys does not answer.
    #[error(transparent)]
    Database(#[from] sqlx::Error),
    /// The text was changed, or sealed for somebody else.
    #[error("this was not sealed with the key of {0}")]
    Broken(String),
}

const KEY: Operation = operation!("INSERT", "keys", "key");
const FIND: Operation = operation!("SELECT", "keys", "find_key");
const FORGET: Operation = operation!("DELETE", "keys", "forget");

// ANCHOR: vault
/// The keys, one for each subject: a person, as a rule.
#[derive(Debug, Clone)]
pub struct Vault {
    pool: PgPool,
    db: Db,
}

impl Vault {
    /// With its keys beside the events of `store`. A key that comes back from a backup opens everything again: forget again
    /// after a restore, or keep the keys in a server of their own, with backups that are kept for a shorter time.
    pub fn of(store: &EventStore) -> Self {
        Self { pool: store.pool().clone(), db: store.db().clone() }
    }

    // ANCHOR: seal
    /// Seals a text for `subject`, whose key is made the first time.
    ///
    /// # Errors
    ///
    /// When the database does not answer.
    pub async fn seal(&self, subject: &str, text: &str) -> Result<Sealed, VaultError> {
        let mut new = [0; 32];
        rand::fill(&mut new).expect("the system has random numbers");
        let key = sqlx::query_file_scalar!("queries/key.sql", subject, &new[..]).fetch_one(&self.pool);
        let key = self.db.call(&KEY, 1, key).await?;
        let mut sealed = text.as_bytes().to_vec();
        let nonce = cipher(&key, subject)?.seal_in_place_append_tag(Aad::from(subject), &mut sealed);
        let nonce = nonce.map_err(|_| VaultError::Broken(subject.to_owned()))?;
        Ok(Sealed(BASE64_STANDARD.encode([nonce.as_ref().as_slice(), &sealed].concat())))
    }
    // ANCHOR_END: seal

    /// The text, or nothing when the subject has been forgotten.
    ///
    /// # Errors
    ///
    /// When the database does not answer, or the text was sealed otherwise.
    pub async fn open(&self, subject: &str, Sealed(sealed): &Sealed) -> Result<Option<String>, VaultError> {
        let key = sqlx::query_file_scalar!("queries/find_key.sql", subject).fetch_optional(&self.pool);
        let Some(key) = self.db.call(&FIND, 1, key).await? else { return Ok(None) };
        let broken = || VaultError::Broken(subject.to_owned());
        let mut bytes = BASE64_STANDARD.decode(sealed).map_err(|_| broken())?;
        let (nonce, text) = bytes.split_at_mut_checked(12).ok_or_else(broken)?;
        let nonce = Nonce::try_assume_unique_for_key(nonce).map_err(|_| broken())?;
        let text = cipher(&key, subject)?.open_in_place(nonce, Aad::from(subject), text).map_err(|_| broken())?;
        String::from_utf8(text.to_vec()).map(Some).map_err(|_| broken())
    }

    /// Throws the key away. Whatever was sealed for `subject`, in whichever event, nobody opens again.
    ///
    /// # Errors
    ///
    /// When the database does not answer.
    pub async fn forget(&self, subject: &str) -> Result<(), VaultError> {
        let forget = sqlx::query_file!("queries/forget.sql", subject).execute(&self.pool);
        self.db.call(&FORGET, 1, forget).await?;
        Ok(())
    }
}
// ANCHOR_END: vault

fn cipher(key: &[u8], subject: &str) -> Result<RandomizedNonceKey, VaultError> {
    RandomizedNonceKey::new(&AES_256_GCM, key).map_err(|_| VaultError::Broken(subject.to_owned()))
}

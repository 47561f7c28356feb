//! The one TLS provider of the process.
use std::sync::Once;

/// Chooses the provider, unless it was chosen already.
pub fn install_tls() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        // an error says that somebody else installed theirs, which serves as well
        let _ = rustls::crypto::ring::default_provider().install_default();
    });
}

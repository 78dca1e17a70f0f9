//! What tests share: OTLP receiver, trace trees, semantic-convention checks, fault proxy.

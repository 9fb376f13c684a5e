//! What the OpenAPI document says about how to authenticate.

use utoipa::openapi::security::{ApiKey, ApiKeyValue, HttpAuthScheme, HttpBuilder, SecurityScheme};

/// The ways to authenticate an extractor knows.
#[derive(Clone, Default)]
pub struct Security {
    /// Each by its name in the document; any one of them is enough.
    pub schemes: Vec<(String, SecurityScheme)>,
    /// A request without credentials is answered too, as of somebody anonymous.
    pub optional: bool,
}

impl Security {
    /// Nothing that could be documented: everybody is anonymous, or is known by other means.
    pub fn none() -> Self {
        Self { schemes: Vec::new(), optional: true }
    }

    /// One way that everybody has to take.
    pub fn required(name: impl Into<String>, scheme: SecurityScheme) -> Self {
        Self { schemes: vec![(name.into(), scheme)], optional: false }
    }

    /// A token in the header `Authorization`, after the word `Bearer`.
    pub fn bearer(format: Option<&str>) -> SecurityScheme {
        let mut scheme = HttpBuilder::new().scheme(HttpAuthScheme::Bearer);
        if let Some(format) = format {
            scheme = scheme.bearer_format(format);
        }
        SecurityScheme::Http(scheme.build())
    }

    /// A key in a header of its own.
    pub fn header(name: &str) -> SecurityScheme {
        SecurityScheme::ApiKey(ApiKey::Header(ApiKeyValue::new(name)))
    }

    /// Either of both. Of two ways with one name the first is described.
    #[must_use]
    pub fn or(mut self, other: Self) -> Self {
        for (name, scheme) in other.schemes {
            if !self.schemes.iter().any(|(known, _)| *known == name) {
                self.schemes.push((name, scheme));
            }
        }
        Self { optional: self.optional || other.optional, ..self }
    }
}

impl std::fmt::Debug for Security {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let names: Vec<&str> = self.schemes.iter().map(|(name, _)| name.as_str()).collect();
        f.debug_struct("Security").field("schemes", &names).field("optional", &self.optional).finish()
    }
}

//! What the OpenAPI document says about the application.

use utoipa::openapi::info::{Contact, Info, License};

/// Title, version, licence and contact of an application.
///
/// ```
/// use specstar_runtime::app::ApiInfo;
/// let info = ApiInfo::new("Service catalogue", "1.4.0")
///     .description("Teams, their services and the incidents of those.")
///     .license("Apache-2.0")
///     .contact("Platform team", "https://platform.example.com");
/// # let _ = info;
/// ```
#[derive(Clone)]
pub struct ApiInfo {
    info: Info,
}

impl ApiInfo {
    /// An application of this name and version.
    pub fn new(title: impl Into<String>, version: impl Into<String>) -> Self {
        Self { info: Info::new(title.into(), version.into()) }
    }

    /// What it is, as Markdown.
    #[must_use]
    pub fn description(mut self, text: impl Into<String>) -> Self {
        self.info.description = Some(text.into());
        self
    }

    /// Its licence as an SPDX expression, such as `Apache-2.0`.
    #[must_use]
    pub fn license(mut self, spdx: &str) -> Self {
        let mut license = License::new(spdx);
        license.identifier = Some(spdx.to_owned());
        self.info.license = Some(license);
        self
    }

    /// Who answers questions, and where.
    #[must_use]
    pub fn contact(mut self, name: &str, url: &str) -> Self {
        let mut contact = Contact::new();
        contact.name = Some(name.to_owned());
        contact.url = Some(url.to_owned());
        self.info.contact = Some(contact);
        self
    }

    pub(super) fn to_info(&self) -> Info {
        self.info.clone()
    }
}

impl std::fmt::Debug for ApiInfo {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ApiInfo").field("title", &self.info.title).finish_non_exhaustive()
    }
}

/// Until an application says what it is, the document speaks of the framework.
impl Default for ApiInfo {
    fn default() -> Self {
        let mut stock = Self::new("SpecStar", env!("CARGO_PKG_VERSION"))
            .description(
                "Versioned resources: every change is a revision that can be read, listed and switched back to.",
            )
            .license(env!("CARGO_PKG_LICENSE"));
        let mut contact = Contact::new();
        contact.name = Some("The SpecStar developers".to_owned());
        stock.info.contact = Some(contact);
        stock
    }
}

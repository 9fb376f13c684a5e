//! Who has asked for a call that runs later, and what they expected.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::access::{Principal, User};
use crate::error::{Error, Result};
use crate::timeline::Preconditions;

/// What a call that runs as a job needs to be made by whoever asked for it. It is kept beside the document of the job,
/// where no write of content gets to it and no route shows it.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Asked {
    /// Null for nobody known.
    user: Option<AskedUser>,
    /// What the resource must be like.
    pub(crate) preconditions: Preconditions,
}

#[derive(Debug, Serialize, Deserialize)]
struct AskedUser {
    name: String,
    roles: Vec<String>,
    claims: Map<String, Value>,
}

impl Asked {
    pub(crate) fn new(principal: &Principal, preconditions: Preconditions) -> Self {
        let user = match principal {
            Principal::Anonymous => None,
            Principal::User(user) => {
                let User { name, roles, claims, .. } = (**user).clone();
                Some(AskedUser { name, roles, claims })
            }
        };
        Self { user, preconditions }
    }

    /// Who asked, as they were admitted then.
    pub(crate) fn principal(&self) -> Principal {
        let Some(AskedUser { name, roles, claims }) = &self.user else { return Principal::Anonymous };
        let (name, roles, claims) = (name.clone(), roles.clone(), claims.clone());
        Principal::User(Box::new(User { name, roles, claims, expires: None }))
    }

    pub(crate) fn write(&self) -> Result<String> {
        serde_json::to_string(self).map_err(Error::internal)
    }

    pub(crate) fn read(text: &str) -> std::result::Result<Self, serde_json::Error> {
        serde_json::from_str(text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::id::Precondition;

    #[test]
    fn what_was_asked_is_read_as_it_was_written() {
        let mut user = User { name: "ann".into(), roles: vec!["editor".into()], ..User::default() };
        user.claims.insert("tenant".into(), "t\u{0}1".into());
        let principal = Principal::User(Box::new(user));
        for header in [None, Some(Precondition::Any), Some(Precondition::parse(br#"W/"a", "b,c""#))] {
            let expected = Preconditions::new(header, None).expect("they agree");
            let text = Asked::new(&principal, expected.clone()).write().expect("it is written");
            assert!(!text.contains('\u{0}'));
            let read = Asked::read(&text).expect("it is read");
            assert_eq!(read.principal(), principal);
            assert_eq!(format!("{:?}", read.preconditions), format!("{expected:?}"));
        }
        let nobody = Asked::new(&Principal::Anonymous, Preconditions::revision("u:1"));
        let read = Asked::read(&nobody.write().expect("it is written")).expect("it is read");
        assert_eq!(read.principal(), Principal::Anonymous);
        assert_eq!(format!("{:?}", read.preconditions), format!("{:?}", Preconditions::revision("u:1")));
    }
}

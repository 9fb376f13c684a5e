//! Taking back what a revision changed.

use serde_json::{Map, Value};

/// The current content without what one revision changed: `made` is that revision, `from` the one it was made
/// from. A value that the revision left alone stays as it is now; one that it changed becomes what it was before.
/// `Err` names the place (a JSON path) of a value that has been changed again since. Objects are looked into, all
/// other values are taken whole.
///
/// ```
/// use serde_json::json;
/// use specstar_runtime::timeline::undo;
///
/// let (from, made) = (json!({"title": "a", "rank": 1}), json!({"title": "b", "rank": 1}));
/// assert_eq!(undo(&from, &made, &json!({"title": "b", "rank": 2})), Ok(json!({"title": "a", "rank": 2})));
/// assert_eq!(undo(&from, &made, &json!({"title": "c", "rank": 1})), Err("$.title".to_owned()));
/// ```
pub fn undo(from: &Value, made: &Value, now: &Value) -> Result<Value, String> {
    back("$", Some(from), Some(made), Some(now)).map(Option::unwrap_or_default)
}

/// One value, where it is; `None` is a member that is not there.
fn back(
    path: &str,
    from: Option<&Value>,
    made: Option<&Value>,
    now: Option<&Value>,
) -> Result<Option<Value>, String> {
    if from == made || from == now {
        return Ok(now.cloned());
    }
    if made == now {
        return Ok(from.cloned());
    }
    if let (Some(Value::Object(from)), Some(Value::Object(made)), Some(Value::Object(now))) =
        (from, made, now)
    {
        return members(path, from, made, now).map(|members| Some(Value::Object(members)));
    }
    Err(path.to_owned())
}

fn members(
    path: &str,
    from: &Map<String, Value>,
    made: &Map<String, Value>,
    now: &Map<String, Value>,
) -> Result<Map<String, Value>, String> {
    let mut out = Map::new();
    for name in now.keys().chain(from.keys().filter(|name| !now.contains_key(*name))) {
        let inner = format!("{path}.{name}");
        if let Some(value) = back(&inner, from.get(name), made.get(name), now.get(name))? {
            out.insert(name.clone(), value);
        }
    }
    Ok(out)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn members_that_came_go_and_members_that_went_come_back() {
        let (from, made) = (json!({"a": 1, "m": {"x": 1}}), json!({"b": 2, "m": {"x": 1, "y": 2}}));
        let now = json!({"b": 2, "c": 3, "m": {"x": 5, "y": 2}});
        assert_eq!(undo(&from, &made, &now), Ok(json!({"a": 1, "c": 3, "m": {"x": 5}})));
    }

    #[test]
    fn what_was_changed_again_is_a_conflict_unless_it_is_as_before_already() {
        let (from, made) = (json!({"tags": [1], "n": 1}), json!({"tags": [1, 2], "n": 2}));
        let again = json!({"tags": [1, 2, 3], "n": 2});
        assert_eq!(undo(&from, &made, &again), Err("$.tags".to_owned()));
        let back = json!({"tags": [1], "n": 2});
        assert_eq!(undo(&from, &made, &back), Ok(json!({"tags": [1], "n": 1})));
        let gone = json!({"n": 2});
        assert_eq!(undo(&from, &made, &gone), Err("$.tags".to_owned()));
    }
}

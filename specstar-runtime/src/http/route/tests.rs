use std::collections::HashSet;

use super::*;

#[test]
fn no_method_and_path_and_no_operation_stands_twice() {
    let mut seen = HashSet::new();
    let mut operations = HashSet::new();
    for route in ROUTES.iter().chain(GLOBAL_ROUTES) {
        assert!(seen.insert((route.method, route.path)), "{} {}", route.method.as_str(), route.path);
        assert!(operations.insert(route.operation));
        assert_eq!(Route::of(route.operation).name, route.name);
    }
    assert_eq!(operations.len(), 50);
}

#[test]
fn parameters_of_a_route_have_one_name_each() {
    for route in ROUTES.iter().chain(GLOBAL_ROUTES) {
        let mut names = HashSet::new();
        for name in route.query_names() {
            assert!(names.insert(name), "{name} twice on {}", route.name);
        }
    }
}

#[test]
fn path_parameters_are_those_of_the_path() {
    for route in ROUTES.iter().chain(GLOBAL_ROUTES) {
        for parameter in route.parameters.iter().filter(|p| p.location == Location::Path) {
            assert!(route.path.contains(&format!("{{{}}}", parameter.name)), "{}", route.path);
        }
        let declared = route.parameters.iter().filter(|p| p.location == Location::Path).count();
        assert_eq!(route.path.matches('{').count(), declared, "{}", route.path);
    }
}

#[test]
fn a_misspelt_parameter_gets_a_suggestion_only_when_one_is_near() {
    let list = Route::of(Operation::List);
    assert_eq!(list.suggest("limt"), Some("limit"));
    assert_eq!(list.suggest("zzz"), None);
    assert!(Route::of(Operation::Count).accepts("limit"));
    assert!(!Route::of(Operation::Create).accepts("limit"));
}

#[test]
fn operation_ids_follow_the_naming_rule() {
    let id = |operation| Route::of(operation).operation_id("", "user");
    assert_eq!(id(Operation::Create), "create_resource_user_post");
    assert_eq!(id(Operation::Switch), "switch_revision_user__resource_id__switch__revision_id__post");
    assert_eq!(id(Operation::ListRevisionInfo), "list_resources_revision_info_user_revision_info_get");
}

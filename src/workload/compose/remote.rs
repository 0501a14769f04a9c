//! Which texts name something on another machine, where Compose takes a path or such a name.

/// Whether `written` is a URL or a Git repository, as
/// [BuildKit tells them](https://github.com/moby/buildkit/blob/master/frontend/dockerui/context.go).
pub(super) fn is_remote(written: &str) -> bool {
    written.contains("://")
        || written.starts_with("git@")
        || written.starts_with("github.com/")
        || written.starts_with("oci:")
}

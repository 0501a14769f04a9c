//! `--volume SOURCE:TARGET[:OPTIONS]` as a mount.

use std::path::Path;

use crate::environment::{Failure, Kind};
use crate::workload::model::{Mount, MountSource};

/// The mount that `text` describes; a path of the host is relative to `folder`, a name is that of a
/// volume of the project.
///
/// # Errors
/// The text is no volume.
pub fn mount(text: &str, folder: &Path) -> Result<Mount, Failure> {
    let mut parts = text.splitn(3, ':');
    let (Some(source), Some(target)) = (parts.next(), parts.next()) else {
        return Err(no_volume(text));
    };
    if source.is_empty() || !target.starts_with('/') || target == "/" {
        return Err(no_volume(text));
    }
    let mut read_only = false;
    let mut selinux = None;
    for option in parts.next().into_iter().flat_map(|list| list.split(',')) {
        match option {
            "ro" => read_only = true,
            "rw" => {}
            "z" | "Z" => selinux = Some(option.to_owned()),
            _ => return Err(no_volume(text)),
        }
    }
    let source = match source.contains('/') || source.starts_with('.') {
        true => MountSource::Bind {
            path: folder.join(source).components().collect(),
            create: true,
            propagation: None,
            selinux,
        },
        false => MountSource::Volume {
            key: source.to_owned(),
            no_copy: false,
            subpath: None,
        },
    };
    Ok(Mount {
        source,
        target: target.to_owned(),
        read_only,
    })
}

fn no_volume(text: &str) -> Failure {
    let message = format!("`--volume {text}` is no volume");
    Failure::new(Kind::Usage, message).hint(
        "write it as ./folder:/path/in/container or name:/path/in/container, with `:ro` behind it \
         to read only",
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_is_mounted_and_a_name_is_a_volume() {
        let of = |text: &str| mount(text, Path::new("/srv/shop")).unwrap();
        let public = of("./public:/var/www/html:ro");
        assert!(public.read_only);
        assert_eq!(public.target, "/var/www/html");
        let MountSource::Bind { path, .. } = public.source else {
            panic!("{public:?}");
        };
        assert_eq!(path, Path::new("/srv/shop/public"));
        let data = of("data:/data");
        assert!(matches!(data.source, MountSource::Volume { key, .. } if key == "data"));
    }

    #[test]
    fn what_is_no_volume_is_refused() {
        for text in ["/data", "a:b", ":/x", "a:/", "a:/x:rx", ""] {
            assert!(mount(text, Path::new("/")).is_err(), "{text}");
        }
    }
}

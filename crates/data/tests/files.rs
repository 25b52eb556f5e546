//! Files are there whole or not at all, and a folder is never left by the names and links that it holds.

use losslab_data::files::{
    ConfinedFolder, Temporary, check_inner, ensure_folder_writable, ensure_writable, read_regular,
    remove_leftovers, write_atomically,
};
use losslab_testing::Files;
use std::fs;

/// The names in a folder, in order.
fn names(folder: &std::path::Path) -> Vec<String> {
    let mut names: Vec<String> = fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    names
}

#[test]
fn a_file_is_replaced_whole_and_nothing_else_is_left() {
    let files = Files::new();
    let path = files.path("a.json");
    write_atomically(&path, b"first, longer").unwrap();
    write_atomically(&path, b"second").unwrap();
    assert_eq!(fs::read(&path).unwrap(), b"second");
    let message = write_atomically(files.0.path(), b"").unwrap_err().to_string();
    assert_eq!(message, "found a folder, expected a regular file or nothing");
    ensure_writable(&path).unwrap();
    ensure_folder_writable(files.0.path()).unwrap();
    assert!(ensure_writable(&files.path("absent/a")).is_err());
    assert!(ensure_folder_writable(&files.path("absent")).is_err());
    drop(Temporary::with(files.0.path(), b"x").unwrap());
    assert_eq!(names(files.0.path()), ["a.json"]);
}

#[test]
fn names_that_leave_a_folder_are_refused() {
    for inside in ["a", "a/b.png", "./a", "a..b", "..a", "a b"] {
        check_inner(inside.as_ref()).unwrap();
    }
    for outside in ["", ".", "..", "../a", "a/../b", "a/..", "/a", "/"] {
        let message = check_inner(outside.as_ref()).unwrap_err().to_string();
        assert_eq!(message, format!("found the path {outside:?}, expected one that stays in its folder"));
    }
    let files = Files::new();
    fs::create_dir(files.path("out")).unwrap();
    files.write("victim", "precious");
    let folder = ConfinedFolder::new(&files.path("out"));
    assert!(folder.read("../victim", 100).is_err());
    assert!(!folder.has("../victim"));
    assert!(folder.write("../victim", b"changed").is_err());
    assert!(folder.remove("../victim").is_err());
    assert!(folder.names("..").is_err());
    assert_eq!(fs::read(files.path("victim")).unwrap(), b"precious");
}

#[test]
fn larger_files_are_not_read() {
    let files = Files::new();
    let path = files.write("a", "12345");
    assert_eq!(read_regular(&path, 5).unwrap(), b"12345");
    let message = read_regular(&path, 4).unwrap_err().to_string();
    assert_eq!(message, "found 5 bytes, expected at most 4 bytes");
}

#[cfg(unix)]
mod unix {
    use super::*;
    use std::os::unix::fs::{PermissionsExt, symlink};
    use std::process::Command;

    /// A folder with whatever is no regular file, beside a file and a folder that must not change.
    fn hostile() -> Files {
        let files = Files::new();
        files.write("victim", "precious");
        for folder in ["elsewhere", "out", "out/folder"] {
            fs::create_dir(files.path(folder)).unwrap();
        }
        files.write("elsewhere/a", "precious");
        files.write("out/file", "own");
        symlink(files.path("victim"), files.path("out/link")).unwrap();
        symlink("/dev/zero", files.path("out/device")).unwrap();
        symlink("../absent", files.path("out/dangling")).unwrap();
        symlink("file", files.path("out/inner")).unwrap();
        symlink(files.path("elsewhere"), files.path("out/linked")).unwrap();
        assert!(Command::new("mkfifo").arg(files.path("out/pipe")).status().unwrap().success());
        files
    }

    #[test]
    fn links_pipes_and_devices_are_not_replaced_or_written_through() {
        let files = hostile();
        let before = names(&files.path("out"));
        for name in ["link", "device", "dangling", "inner", "linked", "pipe", "folder"] {
            let found = match name {
                "pipe" => "a pipe",
                "folder" => "a folder",
                _ => "a symbolic link",
            };
            let path = files.path("out").join(name);
            let expected = format!("found {found}, expected a regular file or nothing");
            assert_eq!(write_atomically(&path, b"x").unwrap_err().to_string(), expected, "{name}");
            assert_eq!(ensure_writable(&path).unwrap_err().to_string(), expected, "{name}");
            let temporary = Temporary::with(&files.path("out"), b"x").unwrap();
            assert_eq!(temporary.persist(&path).unwrap_err().to_string(), expected, "{name}");
        }
        let message = write_atomically("/dev/null".as_ref(), b"x").unwrap_err().to_string();
        assert_eq!(message, "found a device, expected a regular file or nothing");
        assert_eq!(names(&files.path("out")), before);
        assert_eq!(fs::read(files.path("victim")).unwrap(), b"precious");
        assert!(!files.path("absent").exists());
    }

    #[test]
    fn only_regular_files_in_the_folder_are_read() {
        let files = hostile();
        let folder = ConfinedFolder::new(&files.path("out"));
        let outside = "found a link that leads out of the folder, expected a file in it";
        for (name, expected) in [
            ("link", outside),
            ("device", outside),
            ("linked/a", outside),
            ("pipe", "found a pipe, expected a regular file"),
            ("folder", "found a folder, expected a regular file"),
        ] {
            assert_eq!(folder.read(name, 100).unwrap_err().to_string(), expected, "{name}");
        }
        assert_eq!(folder.read("file", 100).unwrap(), b"own");
        assert_eq!(folder.read("inner", 100).unwrap(), b"own", "a link in the folder");
        // The folder itself may be a link: a user has named it.
        symlink(files.path("out"), files.path("typed")).unwrap();
        assert_eq!(ConfinedFolder::new(&files.path("typed")).read("file", 100).unwrap(), b"own");

        // A single file that a user names may be a link, but is a regular file.
        assert_eq!(read_regular(&files.path("out/link"), 100).unwrap(), b"precious");
        for name in ["pipe", "device"] {
            let message = read_regular(&files.path("out").join(name), 100).unwrap_err().to_string();
            assert_eq!(message, format!("found a {name}, expected a regular file"));
        }
    }

    #[test]
    fn linked_folders_are_neither_written_nor_emptied_nor_listed() {
        let files = hostile();
        let folder = ConfinedFolder::new(&files.path("out"));
        let refused = "linked: found a symbolic link, expected a folder";
        assert_eq!(folder.write("linked/b", b"x").unwrap_err().to_string(), refused);
        assert_eq!(folder.remove("linked/a").unwrap_err().to_string(), refused);
        assert!(folder.names("linked").is_err());
        assert_eq!(names(&files.path("elsewhere")), ["a"]);
        let message = folder.write("link", b"x").unwrap_err().to_string();
        assert_eq!(message, "link: found a symbolic link, expected a regular file or nothing");
        folder.write("new/b", b"x").unwrap();
        assert_eq!(folder.names("new").unwrap(), ["b"]);
        folder.remove("new/b").unwrap();
        folder.remove("new/b").unwrap();
        assert!(folder.names("new").unwrap().is_empty());
        assert!(folder.names("absent").unwrap().is_empty());
    }

    #[test]
    fn leftovers_are_removed_and_nothing_else() {
        let files = hostile();
        let left = ".losslab-abcDEF012345.tmp";
        let others = [".losslab-abc.tmp", ".losslab-abcDEF01234_.tmp", "losslab-abcDEF012345.tmp"];
        for name in others {
            files.write(&format!("out/{name}"), "");
        }
        for folder in ["out", "out/folder", "elsewhere"] {
            files.write(&format!("{folder}/{left}"), "part");
        }
        symlink(files.path("victim"), files.path("out/.losslab-000000000000.tmp")).unwrap();
        let before = names(&files.path("out"));
        assert_eq!(remove_leftovers(&files.path("out")).unwrap(), 2);
        let after = names(&files.path("out"));
        assert_eq!(after, before.into_iter().filter(|name| name != left).collect::<Vec<_>>());
        assert!(names(&files.path("out/folder")).is_empty());
        assert_eq!(names(&files.path("elsewhere")), [left, "a"], "behind a link");

        // What a process that is killed now would leave is such a file.
        std::mem::forget(Temporary::with(&files.path("out"), b"part").unwrap());
        assert_eq!(remove_leftovers(&files.path("out")).unwrap(), 1);
    }

    #[test]
    fn files_have_the_permissions_of_any_new_file() {
        let files = Files::new();
        let mode = |name: &str| fs::metadata(files.path(name)).unwrap().permissions().mode();
        write_atomically(&files.path("a"), b"").unwrap();
        files.write("plain", "");
        assert_eq!(mode("a"), mode("plain"));
    }
}

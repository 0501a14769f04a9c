//! Before there is anything, and around it: a new project, the shell, manual pages, the machine.

use super::stage::{Example, example, story};

pub const LINES: &[Example] = &[
    example("poststack init --list-templates").prints("fastapi"),
    example("poststack init myapp").then("test -f {name}/.poststack.yml && rm -r {name}"),
    example("poststack init myapp --template fastapi --db-port 5440")
        .then("grep -qr fastapi {name}/containers && rm -r {name}"),
    example("poststack init myapp && cd myapp && poststack env start")
        .then("poststack db query 'TABLE greetings' | grep Hello && poststack env stop --rm"),
    example("poststack init --ci github    # in a project: adds the pipeline")
        .after("poststack init --db-port {port} && sed -i s/8080/{port}/ environments/dev.env")
        .then("grep 'poststack env start' -r .github/workflows"),
    example("poststack doctor").prints("connection"),
    example("poststack doctor --format json").prints("\"errors\": 0"),
    example("poststack version --format json").prints("\"engine\": \"Docker\""),
    example("poststack completions bash > ~/.local/share/bash-completion/completions/poststack")
        .after("mkdir -p ~/.local/share/bash-completion/completions")
        .then("bash -c '. ~/.local/share/bash-completion/completions/poststack && complete -p poststack'"),
    example("poststack completions zsh > ~/.zfunc/_poststack")
        .after("mkdir -p ~/.zfunc")
        .then("grep -q compdef ~/.zfunc/_poststack"),
    example("poststack completions fish > ~/.config/fish/completions/poststack.fish")
        .after("mkdir -p ~/.config/fish/completions")
        .then("grep -q complete ~/.config/fish/completions/poststack.fish"),
    example("poststack man | man -l -").prints(".SH EXAMPLES"),
    example("poststack man env start | man -l -").prints("remove\\-orphans"),
    example("poststack man --output ~/.local/share/man/man1")
        .then("test -f ~/.local/share/man/man1/poststack-env-start.1"),
];

#[test]
fn the_examples_of_beginning_work() {
    story(&[], LINES);
}

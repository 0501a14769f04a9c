use super::*;

/// A terminal that shows what the painter writes.
struct Screen {
    parser: vt100::Parser,
    size: Size,
}

impl Screen {
    fn new(rows: usize, columns: usize) -> Self {
        let size = Size { rows, columns };
        let [rows, columns] = [rows, columns].map(|number| {
            let number = u16::try_from(number).unwrap();
            std::num::NonZero::new(number).unwrap()
        });
        Self {
            parser: vt100::Parser::new(rows, columns, 100),
            size,
        }
    }

    fn write(&mut self, bytes: &str) {
        // As the terminal driver does it.
        self.parser.process(bytes.replace('\n', "\r\n").as_bytes());
    }

    fn shows(&self) -> String {
        self.parser.screen().contents()
    }
}

fn lines(lines: &[&str]) -> Vec<String> {
    lines.iter().map(|line| (*line).to_owned()).collect()
}

#[test]
fn what_is_drawn_again_replaces_what_was_drawn() {
    let (mut screen, mut painter) = (Screen::new(10, 40), Painter::default());
    screen.write("before\n");
    for drawn in [
        lines(&["a 1", "b 1"]),
        lines(&["a 2", "b 2"]),
        lines(&["b 3"]),
    ] {
        let bytes = painter.paint("", &drawn, screen.size);
        screen.write(&bytes);
    }
    assert_eq!(screen.shows(), "before\nb 3");
    let bytes = painter.erase(screen.size);
    screen.write(&bytes);
    assert_eq!(screen.shows(), "before");
    assert!(!painter.is_drawn());
    assert_eq!(painter.erase(screen.size), "", "nothing is erased twice");
}

#[test]
fn what_is_said_meanwhile_stays_above() {
    let (mut screen, mut painter) = (Screen::new(4, 40), Painter::default());
    let drawn = lines(&["a …", "b …"]);
    for above in ["", "one\n", "two\n", "three\nfour\n"] {
        let bytes = painter.paint(above, &drawn, screen.size);
        screen.write(&bytes);
    }
    // The cursor stands on the last row.
    assert_eq!(screen.shows(), "four\na …\nb …");
}

#[test]
fn lines_that_a_narrower_terminal_has_wrapped_are_erased_whole() {
    let (mut screen, mut painter) = (Screen::new(10, 40), Painter::default());
    screen.write("before\n0123\n4567\n89\n0123\n\n");
    let drawn = lines(&["0123456789", "0123", ""]);
    painter.paint("", &drawn, screen.size);
    // What the terminal made of them is above; it is four columns wide now.
    let narrow = Size {
        columns: 4,
        ..screen.size
    };
    let bytes = painter.paint("said\n", &lines(&["now"]), narrow);
    screen.write(&bytes);
    assert_eq!(screen.shows(), "before\nsaid\nnow");
}

#[test]
fn a_line_is_cut_by_its_columns_not_by_its_characters() {
    assert_eq!(cut("12345", 6), "12345");
    assert_eq!(cut("123456", 6), "1234…");
    assert_eq!(cut("漢字漢字", 6), "漢字…");
    assert_eq!(cut("abc", 1), "…");
    assert!(width(&cut("漢字漢字", 6)) <= 5);
}

#[test]
fn colours_take_no_columns() {
    assert_eq!(width("\x1b[32mgreen\x1b[0m"), 5);
}

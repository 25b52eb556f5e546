//! A bitmap font of 5 x 7 pixels for labels and captions.
//!
//! Each glyph is drawn below as it looks. What has none (letters beyond ASCII, say) shows as a frame.

/// Pixels in a row of a glyph; one column of space follows it.
const GLYPH_WIDTH: usize = 5;
/// Rows of a glyph.
pub const GLYPH_HEIGHT: usize = 7;
/// From the left edge of a character to that of the next, in pixels.
pub const ADVANCE: usize = GLYPH_WIDTH + 1;

/// Width of a text in pixels, without the space after its last character.
pub fn text_width(text: &str) -> usize {
    (text.chars().count() * ADVANCE).saturating_sub(ADVANCE - GLYPH_WIDTH)
}

/// Calls `dot(x, y)` for every pixel of a text whose left upper corner is (0, 0).
pub fn for_each_dot(text: &str, mut dot: impl FnMut(usize, usize)) {
    for (at, character) in text.chars().enumerate() {
        for (y, row) in glyph(character).iter().enumerate() {
            for x in (0..GLYPH_WIDTH).filter(|x| row >> (GLYPH_WIDTH - 1 - x) & 1 == 1) {
                dot(at * ADVANCE + x, y);
            }
        }
    }
}

/// The rows of a character from above; in a row, the highest of the five bits is the left pixel.
fn glyph(character: char) -> [u8; GLYPH_HEIGHT] {
    let drawn = BLOCKS.iter().find_map(|(characters, rows)| {
        let at = characters.chars().position(|known| known == character)?;
        Some(rows.map(|row| {
            let pixels = row.bytes().skip(at * ADVANCE).take(GLYPH_WIDTH);
            pixels.fold(0, |bits, pixel| bits << 1 | u8::from(pixel == b'#'))
        }))
    });
    const FRAME: [u8; GLYPH_HEIGHT] = [31, 17, 17, 17, 17, 17, 31];
    drawn.unwrap_or(FRAME)
}

/// Characters with their pictures side by side, six columns each.
const BLOCKS: [(&str, [&str; GLYPH_HEIGHT]); 10] = [
    (
        "ABCDEFGHIJ",
        [
            " ###  ####   ###  ####  ##### #####  ###  #   #  ###    ###",
            "#   # #   # #   # #   # #     #     #   # #   #   #      # ",
            "#   # #   # #     #   # #     #     #     #   #   #      # ",
            "##### ####  #     #   # ####  ####  # ### #####   #      # ",
            "#   # #   # #     #   # #     #     #   # #   #   #      # ",
            "#   # #   # #   # #   # #     #     #   # #   #   #   #  # ",
            "#   # ####   ###  ####  ##### #      #### #   #  ###   ##  ",
        ],
    ),
    (
        "KLMNOPQRST",
        [
            "#   # #     #   # #   #  ###  ####   ###  ####   #### #####",
            "#  #  #     ## ## ##  # #   # #   # #   # #   # #       #  ",
            "# #   #     # # # # # # #   # #   # #   # #   # #       #  ",
            "##    #     # # # #  ## #   # ####  #   # ####   ###    #  ",
            "# #   #     #   # #   # #   # #     # # # # #       #   #  ",
            "#  #  #     #   # #   # #   # #     #  #  #  #      #   #  ",
            "#   # ##### #   # #   #  ###  #      ## # #   # ####    #  ",
        ],
    ),
    (
        "UVWXYZ",
        [
            "#   # #   # #   # #   # #   # #####",
            "#   # #   # #   # #   # #   #     #",
            "#   # #   # #   #  # #   # #     # ",
            "#   # #   # # # #   #     #     #  ",
            "#   # #   # # # #  # #    #    #   ",
            "#   #  # #  ## ## #   #   #   #    ",
            " ###    #   #   # #   #   #   #####",
        ],
    ),
    (
        "abcdefghij",
        [
            "      #               #         ##        #       #      # ",
            "      #               #        #          #                ",
            " ###  ####   ###   ####  ###  ###    #### ####   ##     ## ",
            "    # #   # #     #   # #   #  #    #   # #   #   #      # ",
            " #### #   # #     #   # #####  #     #### #   #   #      # ",
            "#   # #   # #     #   # #      #        # #   #   #   #  # ",
            " #### ####   ###   ####  ###   #     ###  #   #  ###   ##  ",
        ],
    ),
    (
        "klmnopqrst",
        [
            "#      ##                                              #   ",
            "#       #                                              #   ",
            "#  #    #   ## #  ####   ###  ####   #### # ##   #### #### ",
            "# #     #   # # # #   # #   # #   # #   # ##    #      #   ",
            "##      #   # # # #   # #   # ####   #### #      ###   #   ",
            "# #     #   # # # #   # #   # #         # #         #  #  #",
            "#  #   ###  #   # #   #  ###  #         # #     ####    ## ",
        ],
    ),
    (
        "uvwxyz",
        [
            "                                   ",
            "                                   ",
            "#   # #   # #   # #   # #   # #####",
            "#   # #   # # # #  # #  #   #    # ",
            "#   # #   # # # #   #    ####   #  ",
            "#  ##  # #  # # #  # #      #  #   ",
            " ## #   #    # #  #   # ####  #####",
        ],
    ),
    (
        "0123456789",
        [
            " ###    #    ###   ###     #  #####  ###  #####  ###   ### ",
            "#   #  ##   #   # #   #   ##  #     #         # #   # #   #",
            "#  ##   #       #     #  # #  ####  #        #  #   # #   #",
            "# # #   #     ##    ##  #  #      # ####    #    ###   ####",
            "##  #   #    #        # #####     # #   #   #   #   #     #",
            "#   #   #   #     #   #    #  #   # #   #   #   #   #     #",
            " ###   ###  #####  ###     #   ###   ###    #    ###   ### ",
        ],
    ),
    (
        ".,:;=+-_/ ",
        [
            "                                                           ",
            "              ##    ##          #                   #      ",
            "              ##    ##  #####   #                  #       ",
            "                              ##### #####         #        ",
            "        ##    ##    ##  #####   #                #         ",
            "  ##    ##    ##    ##          #               #          ",
            "  ##    #           #                     #####            ",
        ],
    ),
    (
        "()[]%*#@!?",
        [
            "   #   #     ###   ###  ##  #        # #   ###    #    ### ",
            "  #     #    #       #  ##  # # # #  # #  #   #   #   #   #",
            " #       #   #       #     #   ###  ##### # ###   #       #",
            " #       #   #       #    #   #####  # #  # # #   #     ## ",
            " #       #   #       #   #     ###  ##### # ###   #     #  ",
            "  #     #    #       #  #  ## # # #  # #  #                ",
            "   #   #     ###   ###  #  ##        # #   ###    #     #  ",
        ],
    ),
    (
        "'\"<>|&$^~`",
        [
            "  #    # #     #   #      #    ##     #     #          #   ",
            "  #    # #    #     #     #   #  #   ####  # #          #  ",
            "             #       #    #   #  #  # #   #   #  #         ",
            "            #         #   #    ##    ###        # # #      ",
            "             #       #    #   # # #   # #          #       ",
            "              #     #     #   #  #  ####                   ",
            "               #   #      #    ## #   #                    ",
        ],
    ),
];

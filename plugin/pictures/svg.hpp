// The pieces every picture is drawn with: escaped text, coordinates, colours, text of known width.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace plugin::pictures {

// The fixed-width font of all labels. Its letters are as wide as those of the common ones.
constexpr const char* font_family =
    "ui-monospace,SFMono-Regular,Menlo,Consolas,'DejaVu Sans Mono','Liberation Mono',monospace";
constexpr double font_size = 11;
constexpr double letter_width = 6.7;  // one column

// Text that may stand in an element or an attribute: valid UTF-8, nothing that XML reads as markup,
// nothing that XML has no place for (most control characters: U+FFFD instead).
std::string escaped(std::string_view text);

// At most four decimals, which are 1/1000 of the narrowest thing drawn.
std::string coordinate(double number);

// Columns that text takes in a fixed-width font. What may be wide or not counts as wide.
size_t columns(std::string_view text);
// The text where it fits into so many columns, else its beginning and an ellipsis; nothing where
// fewer than three columns are left. Takes valid UTF-8.
std::string fitted(std::string_view text, size_t room);

// "#rrggbb"; hue in degrees, the others from 0 to 1.
std::string colour(double hue, double saturation, double lightness);

// The beginning of a document in light and dark: size, `class`, the background and the title.
// `style` is added to the rules that all pictures share.
std::string svg_head(double width, double height, std::string_view class_name,
                     std::string_view title, std::string_view style);

// <text>. `attributes` as they are, `text` escaped.
std::string text_element(double x, double y, std::string_view attributes, std::string_view text);

}  // namespace plugin::pictures

#pragma once
/// The words HTTP is made of. Source: RFC 9110, 5.

#include <string>
#include <string_view>

namespace hws::host::core {

bool is_token_char(char c);
/// A method, the name of a header field. Source: RFC 9110, 5.6.2.
bool is_token(std::string_view text);

/// Visible characters, blanks, tabs and bytes beyond ASCII. CR, LF and NUL would end the line early
/// and begin another. Source: RFC 9110, 5.5.
bool is_field_value(std::string_view text);

/// ASCII only.
std::string lower_case(std::string_view text);
/// ASCII only.
bool equals_no_case(std::string_view a, std::string_view b);
/// Without the blanks and tabs around it.
std::string_view trim(std::string_view text);

} // namespace hws::host::core

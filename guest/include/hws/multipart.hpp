#pragma once
/// `Multipart`: a form with files, multipart/form-data.
///
///     hws::http::Multipart form;
///     form.text("title", "Holidays").file("picture", "beach.png", "image/png", bytes);
///     HWS_TRY(auto response, client.post(url).multipart(form).send());

#include <cstddef>
#include <hws/result.hpp>
#include <hws/socket.hpp>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace hws::http {

/// A form whose fields may be files. The parts are copied, and sent in the order in which they were
/// added; a name may come several times.
/// Source: RFC 7578; names and file names are escaped as the HTML standard says, 4.10.21.8.
class Multipart {
public:
    /// The boundary between the parts is 128 bits from the random source, so that nothing which was
    /// written before can contain it.
    Multipart();

    Multipart& text(std::string_view name, std::string_view value);
    Multipart& file(std::string_view name, std::string_view file_name,
                    std::string_view content_type, std::span<const std::byte> content);
    Multipart& file(std::string_view name, std::string_view file_name,
                    std::string_view content_type, std::string_view content) {
        return file(name, file_name, content_type, bytes_of(content));
    }

    /// `multipart/form-data; boundary=...`
    std::string content_type() const;
    /// The whole body.
    /// Errors: invalid_argument for a content type that has a line break in it.
    Result<std::vector<std::byte>> body() const;

private:
    void begin_part(std::string_view name);
    void append(std::string_view text);

    std::string boundary_;
    std::vector<std::byte> parts_;
    std::string first_mistake_;
};

} // namespace hws::http

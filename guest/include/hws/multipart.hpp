#pragma once
/// `Multipart`: a form with files, multipart/form-data.
///
///     hws::http::Multipart form;
///     form.text("title", "Holidays").file("picture", "beach.png", "image/png", bytes);
///     HWS_TRY(auto response, client.post(url).multipart(form).send());

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <hws/body_source.hpp>
#include <hws/result.hpp>
#include <hws/socket.hpp>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace hws::http {

/// A form whose fields may be files. The parts are copied, but for those from a source, and sent in
/// the order in which they were added; a name may come several times.
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

    /// A file that is never held as a whole. `bytes`: how many there will be; none: as many as
    /// come. With a source the form can be sent once.
    Multipart& file_from(std::string_view name, std::string_view file_name,
                         std::string_view content_type, BodySource content,
                         std::optional<std::uint64_t> bytes = std::nullopt);
    /// The same from something with `read`, which must live until the form was sent.
    template <Reader Source>
        requires(!std::convertible_to<Source&, BodySource>)
    Multipart& file_from(std::string_view name, std::string_view file_name,
                         std::string_view content_type, Source& content,
                         std::optional<std::uint64_t> bytes = std::nullopt) {
        return file_from(name, file_name, content_type, source_of(content), bytes);
    }

    /// `multipart/form-data; boundary=...`
    std::string content_type() const;
    /// Whether some of it comes from a source.
    bool has_source() const;
    /// The whole body, sources read to their ends.
    /// Errors: invalid_argument for a content type that has a line break in it, and for a source
    /// that gives another number of bytes than was said; those of a source.
    Result<std::vector<std::byte>> body() const;
    /// The same piece by piece; of a copy of the form. What is wrong with it, the source says.
    BodySource source() const;
    /// How long the body is; nothing if a source's length is not known.
    std::optional<std::uint64_t> body_bytes() const;

private:
    struct Source {
        BodySource give;
        std::optional<std::uint64_t> bytes;
    };
    using Piece = std::variant<std::vector<std::byte>, Source>;
    class PieceReader;

    void begin_part(std::string_view name);
    void begin_file(std::string_view name, std::string_view file_name,
                    std::string_view content_type);
    void append(std::span<const std::byte> bytes);
    void append(std::string_view text) { append(bytes_of(text)); }
    std::string last_line() const;

    std::string boundary_;
    std::vector<Piece> pieces_;
    std::string first_mistake_;
};

} // namespace hws::http

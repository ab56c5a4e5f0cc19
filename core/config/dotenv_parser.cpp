#include "core/config/dotenv_parser.hpp"

#include <algorithm>

#include "core/base/utf8.hpp"

namespace qwen::config {
namespace {

constexpr std::size_t kMaxEntries = 256;

bool is_blank(char c) { return c == ' ' || c == '\t'; }
bool is_line_end(char c) { return c == '\n' || c == '\r'; }
bool is_name(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '.' || c == '-'; }

class Reader {
public:
    Reader(std::string_view text, const std::string& path) : text_(text), path_(path) {}

    Result<std::vector<DotenvEntry>> read() {
        std::vector<DotenvEntry> entries;
        while (!at_end()) {
            QWEN_CHECK(read_line(entries));
            if (entries.size() > kMaxEntries) return refused("holds more than 256 entries");
        }
        return entries;
    }

private:
    [[nodiscard]] bool at_end() const { return offset_ >= text_.size(); }
    [[nodiscard]] char current() const { return text_[offset_]; }
    [[nodiscard]] Error refused(std::string what) const {
        return {ErrorCode::dotenv_refused, "the .env file " + std::move(what), {}, FileLocation{path_, line_, 0}};
    }

    void skip_blanks() {
        while (!at_end() && is_blank(current())) ++offset_;
    }

    void skip_line() {
        while (!at_end() && !is_line_end(current())) ++offset_;
        if (!at_end() && current() == '\r') ++offset_;
        if (!at_end() && current() == '\n') ++offset_;
        ++line_;
    }

    std::string_view read_name() {
        const auto start = offset_;
        while (!at_end() && is_name(current())) ++offset_;
        return text_.substr(start, offset_ - start);
    }

    /// NAME=… or NAME: …; false when the line assigns nothing.
    bool read_separator() {
        const auto before_blanks = offset_;
        skip_blanks();
        if (!at_end() && current() == '=') {
            ++offset_;
            return true;
        }
        offset_ = before_blanks;
        if (at_end() || current() != ':' || offset_ + 1 >= text_.size() || !is_blank(text_[offset_ + 1])) return false;
        ++offset_;
        return true;
    }

    Result<void> read_line(std::vector<DotenvEntry>& entries) {
        skip_blanks();
        auto name = read_name();
        if (name == "export" && !at_end() && is_blank(current())) {
            skip_blanks();
            name = read_name();
        }
        if (name.empty() || !read_separator()) {
            skip_line();
            return {};
        }
        const auto line = line_;
        QWEN_TRY(auto value, read_value());
        entries.push_back({std::string(name), std::move(value), line});
        skip_line();
        return {};
    }

    Result<Secret> read_value() {
        skip_blanks();
        if (at_end() || is_line_end(current())) return Secret{};
        const char first = current();
        if (first == '"' || first == '\'' || first == '`') return read_quoted(first);
        const auto start = offset_;
        while (!at_end() && !is_line_end(current()) && current() != '#') ++offset_;
        auto value = text_.substr(start, offset_ - start);
        while (!value.empty() && is_blank(value.back())) value.remove_suffix(1);
        return Secret(value);
    }

    Result<Secret> read_quoted(char quote) {
        const auto start = ++offset_;
        std::uint32_t lines = 0;
        while (!at_end() && (current() != quote || text_[offset_ - 1] == '\\')) {
            if (current() == '\n') ++lines;
            ++offset_;
        }
        if (at_end()) return refused("has a quote that does not end");
        const auto inner = text_.substr(start, offset_ - start);
        ++offset_;
        line_ += lines;
        return quote == '"' ? expanded(inner) : Secret(inner);
    }

    /// Only these two, and only in double quotes; other backslashes stay.
    static Secret expanded(std::string_view text) {
        std::string value;
        value.reserve(text.size());
        for (std::size_t i = 0; i < text.size(); ++i) {
            const bool escapes = text[i] == '\\' && i + 1 < text.size() && (text[i + 1] == 'n' || text[i + 1] == 'r');
            value += escapes ? (text[++i] == 'n' ? '\n' : '\r') : text[i];
        }
        return Secret::take(value);
    }

    std::string_view text_;
    const std::string& path_;
    std::size_t offset_ = 0;
    std::uint32_t line_ = 1;
};

std::uint32_t line_of(std::string_view text, std::size_t offset) {
    return static_cast<std::uint32_t>(1 + std::count(text.begin(), text.begin() + static_cast<std::ptrdiff_t>(offset), '\n'));
}

}  // namespace

Result<std::vector<DotenvEntry>> parse_dotenv(std::string_view text, const std::string& path) {
    if (text.starts_with("\xEF\xBB\xBF")) text.remove_prefix(3);
    if (const auto nul = text.find('\0'); nul != std::string_view::npos)
        return Error{ErrorCode::dotenv_refused, "the .env file holds a NUL byte: it is no text", {}, FileLocation{path, line_of(text, nul), 0}};
    if (!is_valid_utf8(text)) return Error{ErrorCode::dotenv_refused, "the .env file is not UTF-8 text", {}, FileLocation{path, 0, 0}};
    return Reader(text, path).read();
}

}  // namespace qwen::config

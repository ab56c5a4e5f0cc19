#include "core/config/dotenv_parser.hpp"

#include <algorithm>
#include <cctype>
#include <optional>

#include "core/base/utf8.hpp"

namespace qwen::config {
namespace {

constexpr std::size_t kMaxDotenvEntries = 256;

bool is_space(char c) { return c == ' ' || c == '\t' || c == '\n' || c == '\v' || c == '\f'; }
bool is_blank(char c) { return c == ' ' || c == '\t' || c == '\v' || c == '\f'; }
bool is_name(char c) { return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_' || c == '.' || c == '-'; }
bool is_quote(char c) { return c == '\'' || c == '"' || c == '`'; }

std::string_view trim(std::string_view text) {
    while (!text.empty() && is_space(text.front())) text.remove_prefix(1);
    while (!text.empty() && is_space(text.back())) text.remove_suffix(1);
    return text;
}

/// CR LF and CR become LF, a leading BOM goes.
std::string normalised(std::string_view text) {
    if (text.starts_with("\xEF\xBB\xBF")) text.remove_prefix(3);
    std::string result;
    result.reserve(text.size());
    for (std::size_t i = 0; i < text.size(); ++i) {
        if (text[i] != '\r') {
            result += text[i];
        } else {
            result += '\n';
            if (i + 1 < text.size() && text[i + 1] == '\n') ++i;
        }
    }
    return result;
}

void replace_all(std::string& text, std::string_view from, char to) {
    for (std::size_t at = text.find(from); at != std::string::npos; at = text.find(from, at + 1)) text.replace(at, from.size(), 1, to);
}

class Parser {
public:
    Parser(std::string_view text, std::string_view path) : text_(text), path_(path) {}

    Result<std::vector<DotenvEntry>> run() {
        std::vector<DotenvEntry> entries;
        while (at_ < text_.size()) {
            const std::size_t line_start = at_;
            auto entry = assignment();
            if (!entry) return std::move(entry).error();
            if (!*entry) {
                at_ = std::min(text_.find('\n', line_start), text_.size() - 1) + 1;
                count_lines_to(at_);
                continue;
            }
            if (entries.size() == kMaxDotenvEntries) return error("more than 256 entries");
            entries.push_back(std::move(**entry));
            at_ = std::min(text_.find('\n', at_), text_.size() - 1) + 1;
            count_lines_to(at_);
        }
        return entries;
    }

private:
    Error error(std::string what) const {
        return {ErrorCode::dotenv_refused, std::move(what), "correct the file, or remove it", FileLocation{std::string(path_), line_, 0}};
    }
    void count_lines_to(std::size_t offset) {
        line_ += static_cast<std::uint32_t>(std::count(text_.begin() + static_cast<std::ptrdiff_t>(counted_), text_.begin() + static_cast<std::ptrdiff_t>(offset), '\n'));
        counted_ = offset;
    }
    [[nodiscard]] bool rest_of_line_is_empty(std::size_t at) const {
        while (at < text_.size() && is_blank(text_[at])) ++at;
        return at == text_.size() || text_[at] == '\n' || text_[at] == '#';
    }

    /// One KEY=value; nullopt when this line is none. Leaves `at_` inside the last line it used.
    Result<std::optional<DotenvEntry>> assignment() {
        std::size_t at = at_;
        while (at < text_.size() && is_blank(text_[at])) ++at;
        if (text_.substr(at).starts_with("export") && at + 6 < text_.size() && is_blank(text_[at + 6])) {
            std::size_t after = at + 6;
            while (after < text_.size() && is_blank(text_[after])) ++after;
            // "export = x" gives a value to a variable of that name.
            if (after < text_.size() && is_name(text_[after])) at = after;
        }
        const std::size_t name_start = at;
        while (at < text_.size() && is_name(text_[at])) ++at;
        const std::string_view name = text_.substr(name_start, at - name_start);
        if (name.empty()) return std::optional<DotenvEntry>{};
        const std::size_t after_name = at;
        while (at < text_.size() && is_blank(text_[at])) ++at;
        if (at < text_.size() && text_[at] == '=') {
            ++at;
        } else if (after_name < text_.size() && text_[after_name] == ':' && after_name + 1 < text_.size() && is_blank(text_[after_name + 1])) {
            at = after_name + 1;
        } else {
            return std::optional<DotenvEntry>{};
        }
        DotenvEntry entry{std::string(name), {}, line_};
        QWEN_TRY(std::string value, this->value(at));
        entry.value = Secret::take(value);
        return std::optional<DotenvEntry>(std::move(entry));
    }

    Result<std::string> value(std::size_t at) {
        std::size_t start = at;
        while (start < text_.size() && is_blank(text_[start])) ++start;
        if (start < text_.size() && is_quote(text_[start])) {
            if (const auto end = closing_quote(start)) {
                at_ = *end + 1;
                return unquoted(text_.substr(start, *end + 1 - start));
            }
            const std::string_view line = text_.substr(start + 1, text_.find('\n', start) - start - 1);
            if (line.find(text_[start]) == std::string_view::npos) return error("a quoted value that never ends");
        }
        const std::size_t end = std::min(text_.find_first_of("#\n", at), text_.size());
        at_ = end;
        return unquoted(trim(text_.substr(at, end - at)));
    }

    /// Where the value that begins with a quote at `start` ends: the first quote without a backslash before it, else the last one with; and only if nothing but a comment follows on that line.
    [[nodiscard]] std::optional<std::size_t> closing_quote(std::size_t start) const {
        const char quote = text_[start];
        std::vector<std::size_t> escaped;
        for (std::size_t at = start + 1; at < text_.size(); ++at) {
            if (text_[at] == '\\' && at + 1 < text_.size() && text_[at + 1] == quote) {
                escaped.push_back(++at);
            } else if (text_[at] == quote) {
                if (rest_of_line_is_empty(at + 1)) return at;
                break;
            }
        }
        for (auto it = escaped.rbegin(); it != escaped.rend(); ++it)
            if (rest_of_line_is_empty(*it + 1)) return *it;
        return std::nullopt;
    }

    static std::string unquoted(std::string_view text) {
        const bool expand = !text.empty() && text.front() == '"';
        if (text.size() >= 2 && is_quote(text.front()) && text.back() == text.front()) text = text.substr(1, text.size() - 2);
        std::string value(text);
        if (expand) {
            replace_all(value, "\\n", '\n');
            replace_all(value, "\\r", '\r');
        }
        return value;
    }

    std::string_view text_;
    std::string_view path_;
    std::size_t at_ = 0;
    std::size_t counted_ = 0;
    std::uint32_t line_ = 1;
};

}  // namespace

Result<std::vector<DotenvEntry>> parse_dotenv(std::string_view text, const std::string& path) {
    if (const auto nul = text.find('\0'); nul != std::string_view::npos) {
        const auto line = static_cast<std::uint32_t>(1 + std::count(text.begin(), text.begin() + static_cast<std::ptrdiff_t>(nul), '\n'));
        return Error{ErrorCode::dotenv_refused, "a NUL byte: this is no text file", "correct the file, or remove it", FileLocation{std::string(path), line, 0}};
    }
    if (!is_valid_utf8(text)) return Error{ErrorCode::dotenv_refused, "not UTF-8 text", "correct the file, or remove it", FileLocation{path, 0, 0}};
    std::string copy = normalised(text);
    auto entries = Parser(copy, path).run();
    wipe(copy);
    return entries;
}

}  // namespace qwen::config

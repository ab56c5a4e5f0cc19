// The narrow fast path: finds the text of a common delta chunk without building a document.
//
// It reads JSON strictly but gives up on anything unusual, so it can only be right or silent; chat_decoder then asks the full parser. tests/unit/core/chat/delta_scanner_test.cpp proves
// that whatever it accepts, the full parser reads the same way.
#include "core/base/utf8.hpp"
#include "core/chat/chat_decoder.hpp"

namespace qwen::chat {
namespace {

class Scanner {
public:
    explicit Scanner(std::string_view text) : text_(text) {}

    void skip_space() {
        while (at_ < text_.size() && (text_[at_] == ' ' || text_[at_] == '\t' || text_[at_] == '\n' || text_[at_] == '\r')) ++at_;
    }
    [[nodiscard]] bool take(char c) {
        skip_space();
        if (at_ >= text_.size() || text_[at_] != c) return false;
        ++at_;
        return true;
    }
    [[nodiscard]] bool literal(std::string_view word) {
        skip_space();
        if (!text_.substr(at_).starts_with(word)) return false;
        at_ += word.size();
        return true;
    }
    [[nodiscard]] char peek() {
        skip_space();
        return at_ < text_.size() ? text_[at_] : '\0';
    }
    [[nodiscard]] bool at_end() {
        skip_space();
        return at_ == text_.size();
    }
    /// A string without escapes and control characters, as it stands.
    [[nodiscard]] bool simple_string(std::string_view& out) {
        if (!take('"')) return false;
        const std::size_t start = at_;
        for (; at_ < text_.size(); ++at_) {
            const auto c = static_cast<unsigned char>(text_[at_]);
            if (c == '"') {
                out = text_.substr(start, at_++ - start);
                return true;
            }
            if (c == '\\' || c < 0x20) return false;
        }
        return false;
    }
    /// A string with the short escapes and \u escapes outside the surrogates.
    [[nodiscard]] bool any_string(std::string& out) {
        if (!take('"')) return false;
        out.clear();
        while (at_ < text_.size()) {
            std::size_t end = at_;
            while (end < text_.size() && text_[end] != '"' && text_[end] != '\\' && static_cast<unsigned char>(text_[end]) >= 0x20) ++end;
            out.append(text_, at_, end - at_);
            at_ = end;
            if (at_ == text_.size()) return false;
            const char c = text_[at_++];
            if (c == '"') return true;
            if (c != '\\' || !escape(out)) return false;
        }
        return false;
    }
    /// A value whose content does not matter: scalars only.
    [[nodiscard]] bool skip_scalar() {
        std::string_view ignored;
        switch (peek()) {
            case '"': return simple_string(ignored);
            case 'n': return literal("null");
            case 't': return literal("true");
            case 'f': return literal("false");
            default: return integer();
        }
    }

private:
    [[nodiscard]] bool integer() {
        skip_space();
        const std::size_t start = at_;
        while (at_ < text_.size() && text_[at_] >= '0' && text_[at_] <= '9') ++at_;
        const std::size_t digits = at_ - start;
        if (digits == 0 || digits > 18 || (digits > 1 && text_[start] == '0')) return false;
        return at_ < text_.size() && (text_[at_] == ',' || text_[at_] == '}' || text_[at_] == ']' || text_[at_] == ' ');
    }
    [[nodiscard]] bool escape(std::string& out) {
        if (at_ >= text_.size()) return false;
        switch (text_[at_++]) {
            case '"': out += '"'; return true;
            case '\\': out += '\\'; return true;
            case '/': out += '/'; return true;
            case 'b': out += '\b'; return true;
            case 'f': out += '\f'; return true;
            case 'n': out += '\n'; return true;
            case 'r': out += '\r'; return true;
            case 't': out += '\t'; return true;
            case 'u': return unicode_escape(out);
            default: return false;
        }
    }
    [[nodiscard]] bool unicode_escape(std::string& out) {
        if (at_ + 4 > text_.size()) return false;
        char32_t value = 0;
        for (int i = 0; i < 4; ++i) {
            const char c = text_[at_++];
            const int digit = c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
            if (digit < 0) return false;
            value = value << 4 | static_cast<char32_t>(digit);
        }
        if (value >= 0xD800 && value <= 0xDFFF) return false;
        append_utf8(out, value);
        return true;
    }

    std::string_view text_;
    std::size_t at_ = 0;
};

/// Walks the members of an object: `member(key)` reads the value. Keys must be distinct for those that matter, which the callers check.
template <typename Member>
[[nodiscard]] bool object(Scanner& scanner, Member member) {
    if (!scanner.take('{')) return false;
    if (scanner.take('}')) return true;
    do {
        std::string_view key;
        if (!scanner.simple_string(key) || !scanner.take(':') || !member(key)) return false;
    } while (scanner.take(','));
    return scanner.take('}');
}

bool delta(Scanner& scanner, std::string& buffer, bool& has_content) {
    return object(scanner, [&](std::string_view key) {
        if (key == "content") {
            if (has_content || scanner.peek() != '"') return false;
            has_content = true;
            return scanner.any_string(buffer);
        }
        if (key == "role") return scanner.skip_scalar();
        return scanner.literal("null");
    });
}

bool choice(Scanner& scanner, std::string& buffer) {
    bool has_delta = false;
    bool has_content = false;
    const bool ok = object(scanner, [&](std::string_view key) {
        if (key == "delta") {
            if (has_delta) return false;
            has_delta = true;
            return delta(scanner, buffer, has_content);
        }
        if (key == "index") return scanner.literal("0");
        return scanner.literal("null");  // finish_reason, logprobs
    });
    return ok && has_content;
}

}  // namespace

bool read_common_delta(std::string_view data, std::string& buffer) {
    Scanner scanner(data);
    bool has_choices = false;
    const bool ok = object(scanner, [&](std::string_view key) {
        if (key == "choices") {
            if (has_choices) return false;
            has_choices = true;
            return scanner.take('[') && choice(scanner, buffer) && scanner.take(']');
        }
        if (key == "id" || key == "model") return scanner.peek() == '"' && scanner.skip_scalar();
        if (key == "object" || key == "created" || key == "system_fingerprint" || key == "service_tier" || key == "obfuscation") return scanner.skip_scalar();
        return scanner.literal("null");  // usage, error and whatever else: only when it says nothing
    });
    return ok && has_choices && scanner.at_end() && is_valid_utf8(data);
}

}  // namespace qwen::chat

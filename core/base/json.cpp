#include "core/base/json.hpp"

#include <string>
#include <utility>
#include <vector>

namespace qwen {
namespace {

using nlohmann::ordered_json;

/// Builds the value as the library's own reader would, but with the limits it lacks: it has none of depth or members, and lets the last of two
/// equal keys win. Each function is called by the parser (SAX); false ends the parse, and `reason()` says why.
class LimitedBuilder {
public:
    explicit LimitedBuilder(const JsonLimits& limits) : limits_(limits) {}

    ordered_json take() { return std::move(root_); }
    [[nodiscard]] const std::string& reason() const { return reason_; }

    bool null() { return put(nullptr); }
    bool boolean(bool value) { return put(value); }
    bool number_integer(ordered_json::number_integer_t value) { return put(value); }
    bool number_unsigned(ordered_json::number_unsigned_t value) { return put(value); }
    bool number_float(ordered_json::number_float_t value, const std::string&) { return put(value); }
    bool string(std::string& value) { return put(std::move(value)); }
    bool binary(ordered_json::binary_t&) { return refuse("it holds binary data"); }

    bool start_object(std::size_t) { return open(ordered_json::value_t::object); }
    bool end_object() { return close(); }
    bool start_array(std::size_t) { return open(ordered_json::value_t::array); }
    bool end_array() { return close(); }

    bool key(std::string& name) {
        auto& members = open_.back()->get_ref<ordered_json::object_t&>();
        const auto [member, is_new] = members.emplace(name, nullptr);
        if (!is_new && limits_.refuse_duplicate_keys) return refuse("a key stands in it twice");
        if (members.size() > limits_.max_members) return refuse("an object in it has too many members");
        member_ = &member->second;
        return true;
    }

    bool parse_error(std::size_t, const std::string&, const ordered_json::exception& error) {
        const auto* const syntax = dynamic_cast<const ordered_json::parse_error*>(&error);
        return refuse(syntax == nullptr ? "a number in it is out of range" : "syntax error at byte " + std::to_string(syntax->byte));
    }

private:
    bool refuse(std::string reason) {
        reason_ = std::move(reason);
        return false;
    }

    /// Where the next value goes: after the others of an array, at the key that was read last, or the root. A pointer to an open value stays
    /// good, since nothing is added to its parent before it is closed.
    template <typename Value>
    ordered_json* place(Value&& value) {
        if (open_.empty()) {
            root_ = std::forward<Value>(value);
            return &root_;
        }
        if (!open_.back()->is_array()) {
            *member_ = std::forward<Value>(value);
            return member_;
        }
        auto& elements = open_.back()->get_ref<ordered_json::array_t&>();
        elements.emplace_back(std::forward<Value>(value));
        return &elements.back();
    }

    template <typename Value>
    bool put(Value&& value) {
        place(std::forward<Value>(value));
        return true;
    }

    bool open(ordered_json::value_t kind) {
        if (open_.size() >= limits_.max_depth) return refuse("it is nested too deeply");
        open_.push_back(place(kind));
        return true;
    }

    bool close() {
        open_.pop_back();
        return true;
    }

    JsonLimits limits_;
    ordered_json root_;
    std::vector<ordered_json*> open_;  ///< the objects and arrays that are not closed yet, outermost first
    ordered_json* member_ = nullptr;   ///< of the innermost object, when that is what is open
    std::string reason_;
};

Error unusable(std::string_view what, std::string_view reason) {
    return {ErrorCode::bad_response, "the " + std::string(what) + " is not usable JSON: " + std::string(reason), {}, std::nullopt};
}

}  // namespace

Result<ordered_json> parse_json(std::string_view text, std::string_view what, const JsonLimits& limits) {
    if (text.size() > limits.max_bytes) return unusable(what, "it is longer than " + std::to_string(limits.max_bytes) + " bytes");
    LimitedBuilder builder(limits);
    if (!ordered_json::sax_parse(text, &builder)) return unusable(what, builder.reason());
    return builder.take();
}

std::string string_member(const ordered_json& object, std::string_view key, std::string_view fallback) {
    if (object.is_object()) {
        const auto member = object.find(key);
        if (member != object.end() && member->is_string()) return member->get<std::string>();
    }
    return std::string(fallback);
}

std::string dump_json(const ordered_json& value, int indent) {
    return value.dump(indent, ' ', false, ordered_json::error_handler_t::replace);
}

}  // namespace qwen

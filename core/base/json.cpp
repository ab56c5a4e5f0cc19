#include "core/base/json.hpp"

#include <set>
#include <vector>

namespace qwen {
namespace {

using nlohmann::ordered_json;

/// Leaves the parser when a limit is passed; the parser has no other way out of its callback.
struct LimitPassed {
    std::string_view which;
};

/// Watches one parse. The library's parser has no limit of depth or members and lets the last of two equal keys win.
class LimitWatch {
public:
    explicit LimitWatch(const JsonLimits& limits) : limits_(limits) {}

    bool operator()(ordered_json::parse_event_t event, const ordered_json& parsed) {
        switch (event) {
            case ordered_json::parse_event_t::object_start:
            case ordered_json::parse_event_t::array_start:
                if (keys_.size() >= limits_.max_depth) throw LimitPassed{"it is nested too deeply"};
                keys_.emplace_back();
                break;
            case ordered_json::parse_event_t::object_end:
            case ordered_json::parse_event_t::array_end:
                keys_.pop_back();
                break;
            case ordered_json::parse_event_t::key:
                see_key(parsed.get_ref<const std::string&>());
                break;
            case ordered_json::parse_event_t::value:
                break;
        }
        return true;
    }

private:
    void see_key(const std::string& key) {
        auto& seen = keys_.back();
        const bool is_new = seen.insert(key).second;
        if (!is_new && limits_.refuse_duplicate_keys) throw LimitPassed{"a key stands in it twice"};
        if (seen.size() > limits_.max_members) throw LimitPassed{"an object in it has too many members"};
    }

    JsonLimits limits_;
    std::vector<std::set<std::string, std::less<>>> keys_;  ///< one set for each open object or array
};

Error unusable(std::string_view what, std::string_view reason) {
    return {ErrorCode::bad_response, "the " + std::string(what) + " is not usable JSON: " + std::string(reason), {}, std::nullopt};
}

}  // namespace

Result<ordered_json> parse_json(std::string_view text, std::string_view what, const JsonLimits& limits) {
    if (text.size() > limits.max_bytes) return unusable(what, "it is longer than " + std::to_string(limits.max_bytes) + " bytes");
    LimitWatch watch(limits);
    try {
        return ordered_json::parse(
            text, [&](int, ordered_json::parse_event_t event, const ordered_json& parsed) { return watch(event, parsed); });
    } catch (const LimitPassed& limit) {
        return unusable(what, limit.which);
    } catch (const ordered_json::parse_error& error) {
        return unusable(what, "syntax error at byte " + std::to_string(error.byte));
    } catch (const ordered_json::exception&) {
        return unusable(what, "a number in it is out of range");
    }
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

#include "host/commands/config_explain.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <vector>

#include "host/cli/suggestion.hpp"
#include "host/commands/json_output.hpp"
#include "host/redaction.hpp"
#include "host/terminal/sanitizer.hpp"

namespace qwen::host {
namespace {

/// "http://user:password@proxy:3128" without what stands before the @.
std::string without_user_info(std::string_view proxy) {
    const auto at = proxy.rfind('@');
    if (at == std::string_view::npos) return std::string(proxy);
    const auto scheme = proxy.find("://");
    return std::string(proxy.substr(0, scheme == std::string_view::npos ? 0 : scheme + 3)) + "…@" + std::string(proxy.substr(at + 1));
}

std::string shown_value(const config::Setting& setting, const Secret& value) {
    if (setting.key.ends_with("_proxy")) return sanitized_line(without_user_info(value.reveal()), 120);
    // Lists that only the user may set are request headers: what stands behind the name may be a token.
    const bool may_hold_a_token = setting.type == config::ValueType::text_list && (setting.allowed & config::from_project_dotenv) == 0 && !setting.provider.empty();
    if (may_hold_a_token) return shown_secret(value);
    if (!setting.is_secret()) return sanitized_line(value.reveal(), 120);
    if (value.empty()) return "(empty)";
    return shown_secret(value);
}

std::string_view standing_text(config::Standing standing) {
    switch (standing) {
        case config::Standing::used: return "used";
        case config::Standing::hidden: return "hidden";
        case config::Standing::empty: return "empty: counts as not set";
        case config::Standing::source_not_allowed: return "refused: this setting may not come from there";
    }
    return {};
}

std::string hidden_text(const config::ResolvedSetting& resolved) {
    std::string text;
    for (const auto& candidate : resolved.candidates) {
        if (candidate.standing == config::Standing::used || candidate.from.source == config::Source::builtin) continue;
        if (!text.empty()) text += "; ";
        text += sanitized_line(candidate.from.to_string());
        if (candidate.standing != config::Standing::hidden) text += fmt::format(" ({})", standing_text(candidate.standing));
    }
    return text;
}

Result<std::vector<const config::ResolvedSetting*>> chosen(const config::Resolution& resolution, std::string_view key) {
    std::vector<const config::ResolvedSetting*> rows;
    std::vector<std::string_view> known;
    for (const auto& resolved : resolution.all()) {
        known.push_back(resolved.setting.key);
        if (key.empty() ? !resolved.candidates.empty() : resolved.setting.key == key) rows.push_back(&resolved);
    }
    if (!key.empty() && rows.empty()) {
        const auto nearest = nearest_name(key, known);
        return Error{ErrorCode::usage, fmt::format("unknown setting \"{}\"", sanitized_line(key, 60)),
                     nearest.empty() ? std::string("qwen config explain") : fmt::format("qwen config explain {}", nearest), std::nullopt};
    }
    return rows;
}

nlohmann::ordered_json candidate_json(const config::Setting& setting, const config::Candidate& candidate) {
    nlohmann::ordered_json object{{"value", shown_value(setting, candidate.value)},
                                  {"source", config::to_string(candidate.from.source)},
                                  {"name", candidate.from.name},
                                  {"standing", standing_text(candidate.standing)}};
    if (!candidate.from.location.path.empty()) object["path"] = candidate.from.location.path;
    if (candidate.from.location.line != 0) object["line"] = candidate.from.location.line;
    return object;
}

}  // namespace

std::vector<config::Notice> explain_notices(const config::Configuration& configuration, std::string_view provider, std::string_view because) {
    auto notices = configuration.notices;
    notices.insert(notices.begin(), {configuration.dotenv_used ? ".env used: " + configuration.dotenv_used->string() : ".env used: none", {}});
    notices.insert(notices.begin(), {provider.empty() ? "provider: nobody is signed in" : fmt::format("provider: {}, because of {}", provider, because), {}});
    return notices;
}

Result<std::string> explain_text(const config::Resolution& resolution, std::string_view key, std::span<const config::Notice> notices) {
    QWEN_TRY(const auto rows, chosen(resolution, key));
    struct Cells {
        std::string key, value, source, hides;
    };
    std::vector<Cells> table{{"KEY", "VALUE", "SOURCE", "HIDES"}};
    for (const auto* row : rows) {
        const auto* winner = row->winner();
        table.push_back({row->setting.key, winner == nullptr ? "-" : shown_value(row->setting, winner->value),
                         winner == nullptr ? "not set" : sanitized_line(winner->from.to_string()), hidden_text(*row)});
    }
    std::size_t key_width = 0, value_width = 0, source_width = 0;
    for (const auto& cells : table) {
        key_width = std::max(key_width, cells.key.size());
        value_width = std::max(value_width, cells.value.size());
        source_width = std::max(source_width, cells.source.size());
    }
    std::string text;
    for (const auto& cells : table) {
        auto line = fmt::format("{:{}}  {:{}}  {:{}}  {}", cells.key, key_width, cells.value, value_width, cells.source, source_width, cells.hides);
        line.erase(line.find_last_not_of(' ') + 1);
        text += line + '\n';
    }
    if (!notices.empty()) text += '\n';
    for (const auto& notice : notices) {
        text += sanitized_line(notice.text, 400);
        if (!notice.where.path.empty()) text += fmt::format(" ({})", sanitized_line(notice.where.to_string(), 400));
        text += '\n';
    }
    return text;
}

Result<nlohmann::ordered_json> explain_json(const config::Resolution& resolution, std::string_view key, std::span<const config::Notice> notices) {
    QWEN_TRY(const auto rows, chosen(resolution, key));
    auto object = json_success();
    object["settings"] = nlohmann::ordered_json::array();
    for (const auto* row : rows) {
        nlohmann::ordered_json setting{{"key", row->setting.key}, {"candidates", nlohmann::ordered_json::array()}};
        for (const auto& candidate : row->candidates) {
            auto entry = candidate_json(row->setting, candidate);
            if (candidate.standing == config::Standing::used) setting["value"] = entry["value"], setting["source"] = candidate.from.to_string();
            setting["candidates"].push_back(std::move(entry));
        }
        object["settings"].push_back(std::move(setting));
    }
    object["notices"] = nlohmann::ordered_json::array();
    for (const auto& notice : notices) object["notices"].push_back({{"text", notice.text}, {"where", notice.where.to_string()}});
    return object;
}

}  // namespace qwen::host

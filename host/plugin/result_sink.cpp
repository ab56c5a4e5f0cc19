#include "host/plugin/result_sink.hpp"

#include <algorithm>

#include "core/base/json.hpp"
#include "host/plugin/call_limits.hpp"
#include "host/plugin/host_table.hpp"

namespace qwen::host::plugin {
namespace {

constexpr std::size_t kMaxLabel = 1u << 10;
constexpr std::size_t kMaxParameters = 100;
constexpr std::size_t kMaxModels = 10'000;

template <typename Body>
qwen_status guarded(Body body) noexcept {
    try {
        return body();
    } catch (...) {
        return QWEN_ERR_INTERNAL;
    }
}

bool is_token(std::string_view name) {
    constexpr std::string_view kExtra = "!#$%&'*+-.^_`|~";
    return !name.empty() && std::all_of(name.begin(), name.end(), [&](char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || kExtra.find(c) != std::string_view::npos;
    });
}

/// RFC 9110 section 5.5 without obs-text: what no server can read two ways.
bool is_field_value(std::string_view value) {
    return std::all_of(value.begin(), value.end(), [](char c) { return c == '\t' || (c >= 0x20 && c < 0x7f); });
}

qwen_status add_parameter(std::vector<auth::Parameter>& list, const qwen_str& name, const qwen_str& value) {
    const auto key = checked_text(name, kMaxHeaderValue);
    const auto text = checked_text(value, kMaxHeaderValue);
    if (name.len > kMaxHeaderValue || value.len > kMaxHeaderValue) return QWEN_ERR_TOO_LARGE;
    if (!key || !text || key->empty()) return QWEN_ERR_MISUSE;
    if (list.size() >= kMaxParameters) return QWEN_ERR_TOO_LARGE;
    std::erase_if(list, [&](const auth::Parameter& other) { return other.name == *key; });
    list.push_back({.name = std::string(*key), .value = Secret(*text), .sensitive = (value.flags & QWEN_STR_SENSITIVE) != 0});
    return QWEN_OK;
}

bool belongs(const qwen_sink* sink, EntryPoint entry) { return sink != nullptr && sink->entry == entry; }

qwen_status set_header(qwen_sink* sink, qwen_str name, qwen_str value) {
    if (!belongs(sink, EntryPoint::authorize) && !belongs(sink, EntryPoint::sign)) return QWEN_ERR_MISUSE;
    if (!is_token(checked_text(name, kMaxHeaderValue).value_or(""))) return QWEN_ERR_MISUSE;
    if (!is_field_value(checked_text(value, kMaxHeaderValue).value_or(""))) return QWEN_ERR_MISUSE;
    return guarded([&] { return add_parameter(sink->result.edits.headers, name, value); });
}

qwen_status set_query(qwen_sink* sink, qwen_str name, qwen_str value) {
    if (!belongs(sink, EntryPoint::authorize)) return QWEN_ERR_MISUSE;
    return guarded([&] { return add_parameter(sink->result.edits.query, name, value); });
}

qwen_status set_text(std::string& target, const qwen_str& text, std::size_t limit) {
    if (text.len > limit) return QWEN_ERR_TOO_LARGE;
    const auto value = checked_text(text, limit);
    if (!value) return QWEN_ERR_MISUSE;
    return guarded([&] { return target = *value, QWEN_OK; });
}

qwen_status set_base_url(qwen_sink* sink, qwen_str url) {
    if (!belongs(sink, EntryPoint::authorize) || !guarded([&] { return Url::parse(checked_text(url, kMaxHeaderValue).value_or("")) ? 1u : 0u; })) {
        return QWEN_ERR_MISUSE;
    }
    return set_text(sink->result.edits.base_url, url, kMaxHeaderValue);
}

qwen_status set_path(qwen_sink* sink, qwen_str path) {
    const auto text = checked_text(path, kMaxHeaderValue).value_or("");
    if (!belongs(sink, EntryPoint::authorize) || !text.starts_with('/') || !is_field_value(text) || text.find_first_of(" ?#\\\t") != std::string_view::npos) {
        return QWEN_ERR_MISUSE;
    }
    return set_text(sink->result.edits.path, path, kMaxHeaderValue);
}

qwen_status set_body_field(qwen_sink* sink, qwen_str pointer, qwen_str json) {
    const auto place = checked_text(pointer, kMaxLabel);
    const auto text = checked_text(json, kMaxText);
    if (!belongs(sink, EntryPoint::authorize) || !place || !text || !place->starts_with('/')) return QWEN_ERR_MISUSE;
    return guarded([&] {
        if (!text->empty() && !parse_json(*text, "body field")) return QWEN_ERR_MISUSE;
        if (sink->result.edits.body_fields.size() >= kMaxParameters) return QWEN_ERR_TOO_LARGE;
        sink->result.edits.body_fields.emplace_back(*place, *text);
        return QWEN_OK;
    });
}

std::optional<UtcTime> utc_or_none(std::int64_t milliseconds) {
    if (milliseconds <= 0) return std::nullopt;
    return UtcTime(std::chrono::milliseconds(milliseconds));
}

qwen_status set_state(qwen_sink* sink, const qwen_state* state) {
    if (!belongs(sink, EntryPoint::state) && !belongs(sink, EntryPoint::account_status)) return QWEN_ERR_MISUSE;
    if (state == nullptr || !QWEN_HAS(state, qwen_state, account)) return QWEN_ERR_MISUSE;
    if (state->kind < QWEN_STATE_READY || state->kind > QWEN_STATE_LOGIN_NEEDED) return QWEN_ERR_MISUSE;
    return guarded([&] {
        auth::ProviderState copy;
        copy.kind = static_cast<auth::ProviderState::Kind>(state->kind - QWEN_STATE_READY);
        copy.expires_at = utc_or_none(state->expires_at_utc_ms);
        if (const auto status = set_text(copy.base_url, state->base_url, kMaxHeaderValue); status != QWEN_OK) return status;
        if (const auto status = set_text(copy.account, state->account, kMaxLabel); status != QWEN_OK) return status;
        if (!copy.base_url.empty() && !Url::parse(copy.base_url)) return QWEN_ERR_MISUSE;
        sink->result.state = std::move(copy);
        return QWEN_OK;
    });
}

qwen_status set_verdict(qwen_sink* sink, const qwen_verdict* verdict) {
    if (!belongs(sink, EntryPoint::on_response) || verdict == nullptr || !QWEN_HAS(verdict, qwen_verdict, help_url)) return QWEN_ERR_MISUSE;
    return guarded([&] {
        auth::Verdict copy;
        const bool known = verdict->kind >= QWEN_VERDICT_PASS && verdict->kind <= QWEN_VERDICT_FATAL;
        copy.kind = known ? static_cast<auth::Verdict::Kind>(verdict->kind - QWEN_VERDICT_PASS) : auth::Verdict::Kind::pass;
        copy.available_at = utc_or_none(verdict->available_at_utc_ms);
        if (const auto status = set_text(copy.text, verdict->text, kMaxLabel); status != QWEN_OK) return status;
        if (const auto status = set_text(copy.help_url, verdict->help_url, kMaxHeaderValue); status != QWEN_OK) return status;
        sink->result.verdict = std::move(copy);
        return QWEN_OK;
    });
}

qwen_status add_model(qwen_sink* sink, const qwen_model* model) {
    if (!belongs(sink, EntryPoint::list_models) || model == nullptr || !QWEN_HAS(model, qwen_model, label)) return QWEN_ERR_MISUSE;
    return guarded([&] {
        ListedModel copy;
        if (const auto status = set_text(copy.id, model->id, kMaxLabel); status != QWEN_OK) return status;
        if (const auto status = set_text(copy.label, model->label, kMaxLabel); status != QWEN_OK) return status;
        if (copy.id.empty()) return QWEN_ERR_MISUSE;
        if (sink->result.models.size() >= kMaxModels) return QWEN_ERR_TOO_LARGE;
        sink->result.models.push_back(std::move(copy));
        return QWEN_OK;
    });
}

qwen_status add_fact(qwen_sink* sink, qwen_str name, qwen_str value) {
    const auto key = checked_text(name, kMaxLabel);
    const auto text = checked_text(value, kMaxLabel);
    if (!belongs(sink, EntryPoint::account_status) || !key || !text) return QWEN_ERR_MISUSE;
    return guarded([&] {
        if (sink->result.facts.size() >= kMaxParameters) return QWEN_ERR_TOO_LARGE;
        sink->result.facts.emplace_back(*key, *text);
        return QWEN_OK;
    });
}

constexpr qwen_sink_ops kSinkOps{sizeof(qwen_sink_ops), QWEN_ABI_MINOR, set_header, set_query, set_base_url, set_path, set_body_field,
                                 set_state,             set_verdict,    add_model,  add_fact};

}  // namespace

const qwen_sink_ops& sink_ops() { return kSinkOps; }

}  // namespace qwen::host::plugin

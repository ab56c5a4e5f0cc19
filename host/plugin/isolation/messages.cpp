#include "host/plugin/isolation/messages.hpp"

#include <algorithm>

#include "host/plugin/host_table.hpp"
#include "host/plugin/isolation/channel.hpp"
#include "host/plugin/result_sink.hpp"

namespace qwen::host::plugin {
namespace {

using Pairs = std::vector<std::pair<std::string, std::string>>;

constexpr std::uint32_t kMaxElements = 10'000;

qwen_str lend(std::string_view text, std::uint32_t flags = 0) { return {text.data(), static_cast<std::uint32_t>(text.size()), flags}; }

void write_pairs(WireWriter& out, const Pairs& pairs) {
    out.number(static_cast<std::uint32_t>(pairs.size()));
    for (const auto& [name, value] : pairs) out.text(name).text(value);
}

Pairs read_pairs(WireReader& in) {
    Pairs pairs;
    for (auto left = in.count(kMaxElements); left > 0; --left) {
        const auto name = in.text(kMaxFrame);
        pairs.emplace_back(name, in.text(kMaxFrame));
    }
    return pairs;
}

void write_parameters(WireWriter& out, const std::vector<auth::Parameter>& parameters) {
    out.number(static_cast<std::uint32_t>(parameters.size()));
    for (const auto& parameter : parameters) out.text(parameter.name).text(parameter.value.reveal()).number(std::uint8_t{parameter.sensitive});
}

std::int64_t milliseconds_or_zero(const std::optional<UtcTime>& time) { return time ? time->time_since_epoch().count() : 0; }

/// Puts what a process reports through the functions a plugin in this process calls.
class Replay {
public:
    Replay(WireReader& in, EntryPoint entry, EntryResult& result) : in_(in), sink_{entry, result} {}

    [[nodiscard]] bool all() {
        text_edits();
        parameters(sink_ops().set_header);
        parameters(sink_ops().set_query);
        pairs(sink_ops().set_body_field, kMaxElements);
        if (in_.flag()) state();
        if (in_.flag()) verdict();
        models();
        pairs(sink_ops().add_fact, kMaxElements);
        return accepted_;
    }

private:
    void accept(qwen_status status) { accepted_ = accepted_ && status == QWEN_OK; }

    void text_edits() {
        if (const auto url = in_.text(kMaxFrame); !url.empty()) accept(sink_ops().set_base_url(&sink_, lend(url)));
        if (const auto path = in_.text(kMaxFrame); !path.empty()) accept(sink_ops().set_path(&sink_, lend(path)));
    }
    template <typename Function>
    void parameters(Function add) {
        for (auto left = in_.count(kMaxElements); left > 0; --left) {
            const auto name = in_.text(kMaxFrame);
            const auto value = in_.text(kMaxFrame);
            accept(add(&sink_, lend(name), lend(value, in_.flag() ? QWEN_STR_SENSITIVE : 0)));
        }
    }
    template <typename Function>
    void pairs(Function add, std::uint32_t limit) {
        for (auto left = in_.count(limit); left > 0; --left) {
            const auto name = in_.text(kMaxFrame);
            accept(add(&sink_, lend(name), lend(in_.text(kMaxFrame))));
        }
    }
    void state() {
        qwen_state state{};
        state.struct_size = sizeof state;
        state.kind = in_.number<std::uint32_t>();
        state.expires_at_utc_ms = in_.number<std::int64_t>();
        state.base_url = lend(in_.text(kMaxFrame));
        state.account = lend(in_.text(kMaxFrame));
        accept(sink_ops().set_state(&sink_, &state));
    }
    void verdict() {
        qwen_verdict verdict{};
        verdict.struct_size = sizeof verdict;
        verdict.kind = in_.number<std::uint32_t>();
        verdict.available_at_utc_ms = in_.number<std::int64_t>();
        verdict.text = lend(in_.text(kMaxFrame));
        verdict.help_url = lend(in_.text(kMaxFrame));
        accept(sink_ops().set_verdict(&sink_, &verdict));
    }
    void models() {
        for (auto left = in_.count(kMaxElements); left > 0; --left) {
            qwen_model model{};
            model.struct_size = sizeof model;
            model.id = lend(in_.text(kMaxFrame));
            model.label = lend(in_.text(kMaxFrame));
            accept(sink_ops().add_model(&sink_, &model));
        }
    }

    WireReader& in_;
    qwen_sink sink_;
    bool accepted_ = true;
};

}  // namespace

void write_start(WireWriter& out, const StartMessage& start) { out.number(kWireVersion).text(start.plugin).text(start.path); }

bool read_start(WireReader& in, StartMessage& start) {
    if (in.number<std::uint32_t>() != kWireVersion) return false;
    start.plugin = in.text(kMaxFrame);
    start.path = in.text(kMaxFrame);
    return in.is_valid();
}

void write_hello(WireWriter& out, const HelloMessage& hello) {
    out.number(kWireVersion).number(std::uint8_t{hello.loaded}).number(std::uint8_t{hello.incompatible}).text(hello.reason).text(hello.hint);
    for (const bool can : {hello.capabilities.login, hello.capabilities.refresh, hello.capabilities.account, hello.capabilities.models, hello.capabilities.sign}) {
        out.number(std::uint8_t{can});
    }
    out.number(hello.applied.landlock_abi);
    for (const bool is : {hello.applied.own_session, hello.applied.dies_with_parent, hello.applied.no_new_privileges, hello.applied.not_dumpable, hello.applied.limits,
                          hello.applied.seccomp}) {
        out.number(std::uint8_t{is});
    }
}

bool read_hello(WireReader& in, HelloMessage& hello) {
    if (in.number<std::uint32_t>() != kWireVersion) return false;
    hello.loaded = in.flag();
    hello.incompatible = in.flag();
    hello.reason = one_line(lend(in.text(kMaxFrame)));
    hello.hint = one_line(lend(in.text(kMaxFrame)));
    for (bool* const can : {&hello.capabilities.login, &hello.capabilities.refresh, &hello.capabilities.account, &hello.capabilities.models,
                            &hello.capabilities.sign}) {
        *can = in.flag();
    }
    hello.applied.landlock_abi = in.number<std::uint32_t>();
    for (bool* const is : {&hello.applied.own_session, &hello.applied.dies_with_parent, &hello.applied.no_new_privileges, &hello.applied.not_dumpable,
                           &hello.applied.limits, &hello.applied.seccomp}) {
        *is = in.flag();
    }
    return in.is_valid();
}

void write_call(WireWriter& out, const EntryCall& call) {
    out.number(static_cast<std::uint16_t>(call.entry));
    out.text(call.request.operation).text(call.request.method).text(call.request.path).text(call.request.model).number(std::uint8_t{call.request.streaming});
    out.text(call.base_url).text(call.method);
    out.number(std::int32_t{call.response.status}).text(call.response.body_start);
    write_pairs(out, call.response.headers);
    out.text(call.final_request.method).text(call.final_request.url).text(call.final_request.body);
    for (const auto byte : call.final_request.body_sha256) out.number(byte);
    write_pairs(out, call.final_request.headers);
}

bool read_call(WireReader& in, EntryCall& call) {
    call.entry = static_cast<EntryPoint>(in.number<std::uint16_t>());
    for (std::string* const text : {&call.request.operation, &call.request.method, &call.request.path, &call.request.model}) *text = in.text(kMaxFrame);
    call.request.streaming = in.flag();
    call.base_url = in.text(kMaxFrame);
    call.method = in.text(kMaxFrame);
    call.response.status = in.number<std::int32_t>();
    call.response.body_start = in.text(kMaxFrame);
    call.response.headers = read_pairs(in);
    call.final_request.method = in.text(kMaxFrame);
    call.final_request.url = in.text(kMaxFrame);
    call.final_request.body = in.text(kMaxFrame);
    for (auto& byte : call.final_request.body_sha256) byte = in.number<std::uint8_t>();
    call.final_request.headers = read_pairs(in);
    return in.is_valid();
}

void write_result(WireWriter& out, const EntryResult& result) {
    out.number(result.status).text(result.said.message).text(result.said.hint).text(result.said.setting);
    out.text(result.edits.base_url).text(result.edits.path);
    write_parameters(out, result.edits.headers);
    write_parameters(out, result.edits.query);
    write_pairs(out, result.edits.body_fields);
    out.number(std::uint8_t{result.state.has_value()});
    if (result.state) {
        out.number(static_cast<std::uint32_t>(result.state->kind) + QWEN_STATE_READY).number(milliseconds_or_zero(result.state->expires_at));
        out.text(result.state->base_url).text(result.state->account);
    }
    out.number(std::uint8_t{result.verdict.has_value()});
    if (result.verdict) {
        out.number(static_cast<std::uint32_t>(result.verdict->kind) + QWEN_VERDICT_PASS).number(milliseconds_or_zero(result.verdict->available_at));
        out.text(result.verdict->text).text(result.verdict->help_url);
    }
    out.number(static_cast<std::uint32_t>(result.models.size()));
    for (const ListedModel& model : result.models) out.text(model.id).text(model.label);
    write_pairs(out, result.facts);
}

bool read_result(WireReader& in, EntryPoint entry, EntryResult& result) {
    result.status = in.number<std::uint32_t>();
    result.said.message = one_line(lend(in.text(kMaxFrame)));
    result.said.hint = one_line(lend(in.text(kMaxFrame)));
    result.said.setting = one_line(lend(in.text(kMaxFrame)));
    return Replay(in, entry, result).all() && in.is_valid();
}

}  // namespace qwen::host::plugin

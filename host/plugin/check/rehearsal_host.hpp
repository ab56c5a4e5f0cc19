// The host a plugin is checked against: the C tables of host.h with nothing behind them but memory. Settings come from the plugin's
// manifest, HTTP from a script, the clock moves only when somebody sleeps, and each function can be told to look, to refuse or to be
// missing.
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/base/url.hpp"
#include "host/plugin/check/blackboard.hpp"
#include "host/plugin/check/fenced_memory.hpp"
#include "host/plugin/host_services.hpp"
#include "host/plugin/manifest.hpp"
#include "qwen/plugin.h"

namespace qwen::host::plugin::check {

/// What a check looks for. Everything else a plugin does wrong is another check's to say.
enum class Watch : std::uint8_t {
    status,              ///< a number that is no status, a result that is missing
    text,                ///< words for people with line breaks, control characters, or too long
    offline_service,     ///< a service that waits, in an offline call
    undeclared_service,  ///< a service the manifest does not name
    unmarked_secret,     ///< a credential handed over without QWEN_STR_SENSITIVE
    leaked_secret,       ///< a credential in words for people, or in a URL
    origin,              ///< a request to a server that is neither in the manifest nor configured
    stale_call,          ///< a qwen_call that is over
    undeclared_setting,  ///< a setting that is not in the manifest
};

/// How long the tables are that the plugin gets.
enum class TableSize : std::uint8_t { today, first_release, newer };
/// What is behind borrowed memory.
enum class Borrowed : std::uint8_t { ordinary, fenced, taken_back };

/// What was passed over the interface; empty when its length is 0, whatever its pointer is.
[[nodiscard]] std::string copy_of(const qwen_str& text);

struct HttpAsk {
    std::int64_t at_mono_ms = 0;
    std::string method, url, body;
    std::vector<std::pair<std::string, std::string>> headers;
};

struct HttpReply {
    std::uint32_t status = 200;
    std::string body = "{}";
    qwen_status failure = QWEN_OK;  ///< other than QWEN_OK: no answer came
};

struct StoredValue {
    std::string value;
    std::int64_t expires_at_utc_ms = 0;
    std::uint64_t revision = 0;
};

/// What came of one entry call.
struct CallRecord {
    qwen_status status = QWEN_OK;
    std::optional<std::uint32_t> state_kind;
    std::optional<std::uint32_t> verdict_kind;
    std::vector<std::pair<std::string, std::string>> headers, query;
    std::string said;  ///< through host->error
};

class RehearsalHost {
public:
    RehearsalHost(const Manifest& manifest, Blackboard& board);
    RehearsalHost(const RehearsalHost&) = delete;
    RehearsalHost& operator=(const RehearsalHost&) = delete;

    // ---- what the check decides ----
    std::set<Watch> watched;
    TableSize tables = TableSize::today;
    Borrowed borrowed = Borrowed::ordinary;
    std::string removed_service;
    std::map<std::string, std::string> settings;  ///< by the key in the manifest; absent: not set
    std::map<std::string, StoredValue> stored;
    std::function<HttpReply(const HttpAsk&)> answer;
    std::function<qwen_status(int attempt)> before_store;  ///< other than QWEN_OK: the store refuses
    bool is_interactive = true;
    bool sink_refuses = false;
    int cancel_at = 0;  ///< the waiting service call with this number and all after it are cancelled; 0: never
    std::int64_t mono_ms = 5'000'000;
    std::int64_t utc_ms = 1'700'000'000'000;

    // ---- what the plugin did ----
    CallRecord call;
    std::vector<HttpAsk> asked;
    int waiting_calls = 0;  ///< services that may wait, in the check
    int calls_after_cancel = 0;
    int stores_after_cancel = 0;
    bool has_shown_code = false;

    /// The table for qwen_provider_entry_v1; the same one in a check.
    [[nodiscard]] const qwen_host* table();
    [[nodiscard]] const qwen_sink_ops* sink_ops();
    [[nodiscard]] qwen_sink* sink();

    /// Everything between is one entry call.
    qwen_call* begin(std::string_view entry, CallKind kind);
    void end(qwen_status status);

    /// The next call is one that nobody has stopped.
    void forget_cancellation() {
        is_cancelled_ = false;
        cancel_at = 0;
    }

    /// Borrowed text, and structs the host passes in.
    [[nodiscard]] qwen_str lend(std::string_view text, std::string_view label, std::uint32_t flags = 0);
    template <typename Struct>
    [[nodiscard]] const Struct* lend_struct(const Struct& value, std::string_view label) {
        return static_cast<const Struct*>(lend_bytes(&value, sizeof value, label));
    }

    /// A credential: known to the checks for leaks from now on.
    [[nodiscard]] std::string make_secret(std::string_view name);
    void add_secret(std::string secret) { secrets_.push_back(std::move(secret)); }
    [[nodiscard]] const Manifest& manifest() const { return manifest_; }
    [[nodiscard]] Blackboard& board() { return board_; }
    /// For a signal handler.
    [[nodiscard]] std::string explain(const void* address) const { return memory_.explain(address); }

private:
    friend struct Functions;

    [[nodiscard]] const void* lend_bytes(const void* bytes, std::size_t size, std::string_view label);
    template <typename Table>
    [[nodiscard]] const void* sized(Table table, std::size_t first_release);
    void complain(Watch kind, const std::string& finding);
    void check_words(std::string_view text, std::string_view what);
    void check_secret(const qwen_str& value, std::string_view what);
    /// `service` is "qwen.http/1 perform".
    void use(const qwen_call* call, std::string_view service);
    void declare(std::string_view service);
    void expect_current(const qwen_call* call, std::string_view service);
    [[nodiscard]] bool holds_secret(std::string_view text) const;
    [[nodiscard]] bool may_reach(std::string_view url) const;
    /// QWEN_OK, or what a service that waits has to return at once.
    [[nodiscard]] qwen_status wait_in(const qwen_call* call, std::string_view service);

    /// Bytes behind borrowed memory and tables, where their end is not what is looked for.
    static constexpr std::size_t kRoomBehind = 64;
    /// There is one plugin in a process, and one host for it: log, now and random are called without a qwen_call.
    static RehearsalHost* current_;

    const Manifest& manifest_;
    Blackboard& board_;
    FencedMemory memory_;
    FencedMemory lasting_;  ///< tables: never taken back
    std::deque<std::string> arena_;
    std::deque<std::vector<char>> structs_;
    std::deque<std::vector<qwen_kv>> lists_;
    std::vector<std::string> secrets_;
    std::map<std::string, const void*> services_;
    const qwen_host* table_ = nullptr;
    const qwen_sink_ops* sink_ops_ = nullptr;
    std::string entry_;
    CallKind kind_ = CallKind::offline;
    std::uintptr_t call_number_ = 0;
    bool in_call_ = false;
    bool is_cancelled_ = false;
    int store_attempts_ = 0;
};

}  // namespace qwen::host::plugin::check

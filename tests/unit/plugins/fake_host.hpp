// A host for one plugin, all in memory: settings resolved from the plugin's own manifest, HTTP answered from a script, a clock that
// only moves when somebody sleeps, a store that can refuse. The plugin is the shipped .so, met through qwen_provider_entry_v1 alone.
#pragma once

#include <qwen/plugin.h>

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace qwen::test {

using Pairs = std::vector<std::pair<std::string, std::string>>;

/// What came out of the plugin during one entry call.
struct Recorded {
    Pairs headers;
    Pairs query;
    std::string base_url;
    std::string path;
    Pairs body_fields;
    std::vector<std::string> sensitive;  ///< values that were marked QWEN_STR_SENSITIVE
    std::optional<std::uint32_t> state_kind;
    std::int64_t state_expires_at = 0;
    std::string state_base_url;
    std::optional<std::uint32_t> verdict_kind;
    std::int64_t verdict_available_at = 0;
    std::string verdict_text;
};

/// A request of the plugin through qwen.http/1.
struct HttpExchange {
    std::int64_t at_mono_ms = 0;
    std::string method;
    std::string url;
    Pairs headers;
    std::string body;
};

struct HttpReply {
    std::uint32_t status = 200;
    std::string body;
    Pairs headers = {};
    qwen_status failure = QWEN_OK;      ///< other than QWEN_OK: no answer came
    std::int64_t takes_ms = 0;          ///< how long the exchange lasts on both clocks
};

struct StoredValue {
    std::string value;
    std::int64_t expires_at_utc_ms = 0;
    std::uint64_t revision = 0;
};

class FakeHost {
public:
    /// Opens `plugin` and reads the settings and presets of `manifest`. One at a time: plugins keep the host's table.
    FakeHost(const std::string& plugin, const std::string& manifest);
    ~FakeHost();
    FakeHost(const FakeHost&) = delete;
    FakeHost& operator=(const FakeHost&) = delete;

    // What the user did. A setting is: explicit value, else variable, else the preset's, else the default.
    std::string preset;
    std::map<std::string, std::string> environment;
    std::map<std::string, std::string> config;

    // What the world does.
    std::function<HttpReply(const HttpExchange&)> answer;
    std::function<void(FakeHost&)> before_sleep;
    std::function<qwen_status(std::string& output)> run_command;
    std::function<qwen_status(std::string& answer)> answer_prompt;
    qwen_status put_failure = QWEN_OK;
    std::uint32_t interactive = QWEN_INTERACTIVE_ALWAYS;
    std::int64_t mono_ms = 5'000'000;
    std::int64_t utc_ms = 1'700'000'000'000;
    /// The service call with this number (1 is the first) and all after it are cancelled; 0: never.
    int cancel_at_service_call = 0;

    // What the plugin did.
    Recorded recorded;
    std::vector<HttpExchange> exchanges;
    std::map<std::string, StoredValue> secrets;
    std::vector<std::uint32_t> progress;
    std::vector<std::string> log;
    struct Shown {
        std::string verification_uri, verification_uri_complete, user_code;
        std::int64_t expires_at_utc_ms = 0;
    };
    std::vector<Shown> shown;
    struct Reported {
        qwen_status code = QWEN_OK;
        std::string message, hint, setting;
    } error;
    int service_calls = 0;

    // Entry calls.
    qwen_status state();
    qwen_status authorize(const std::string& model = "m", const std::string& operation = "chat.completions", std::uint32_t flags = QWEN_REQUEST_STREAMING);
    qwen_status on_response(std::uint32_t status, const std::string& body, const Pairs& headers = {});
    qwen_status login(const std::string& method);
    qwen_status logout();
    qwen_status refresh();

    /// The request that authorize() leads to, as text: request line, headers of the plugin, body after the edits.
    [[nodiscard]] std::string wire(const std::string& body) const;

    [[nodiscard]] std::optional<std::pair<std::string, std::uint32_t>> resolve(const std::string& key) const;

private:
    friend struct HostFunctions;
    struct ManifestSetting {
        std::vector<std::string> variables;
        std::optional<std::string> fallback;
    };
    struct Preset {
        std::map<std::string, std::vector<std::string>> variables;
        std::map<std::string, std::string> settings;
    };

    void begin_call();
    /// False: this service call is cancelled.
    bool count_service_call();
    std::string_view keep(std::string text);

    std::map<std::string, ManifestSetting> settings_;
    std::map<std::string, Preset> presets_;
    const qwen_provider* provider_ = nullptr;
    qwen_instance* instance_ = nullptr;
    std::string path_ = "/chat/completions";
    std::string method_ = "POST";
    std::vector<std::unique_ptr<std::string>> borrowed_;
    std::vector<std::unique_ptr<std::vector<qwen_kv>>> borrowed_headers_;
};

}  // namespace qwen::test

// One call into a plugin as plain values, and the two sides of it: who makes the call (PluginInstance) and what it comes to.
//
// Everything a plugin can be asked is one EntryCall and one EntryResult, so the same adapter serves a plugin in this process and one in its own.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/auth/credential_provider.hpp"
#include "host/plugin/host_services.hpp"
#include "host/plugin/status.hpp"

namespace qwen::host::plugin {

enum class EntryPoint : std::uint16_t { create, state, authorize, on_response, login, logout, refresh, account_status, list_models, sign };

/// The name in provider.h, for messages.
[[nodiscard]] std::string_view to_string(EntryPoint entry);
/// What provider.h labels [offline].
[[nodiscard]] CallKind kind_of(EntryPoint entry);

/// Members that do not belong to `entry` are empty.
struct EntryCall {
    EntryPoint entry = EntryPoint::state;
    auth::RequestShape request = {};  ///< authorize
    std::string base_url = {};        ///< authorize: the configured one
    auth::ResponseHead response = {}; ///< on_response
    std::string method = {};          ///< login
    auth::FinalRequest final_request = {};  ///< sign
};

struct ListedModel {
    std::string id;
    std::string label;
};

struct EntryResult {
    Status status = 0;
    PluginMessage said;
    auth::RequestEdits edits;
    std::optional<auth::ProviderState> state;
    std::optional<auth::Verdict> verdict;
    std::vector<ListedModel> models;
    std::vector<std::pair<std::string, std::string>> facts;
};

/// The optional tables a plugin has.
struct Capabilities {
    bool login = false;
    bool refresh = false;
    bool account = false;
    bool models = false;
    bool sign = false;
};

/// One instance of a provider, wherever it runs. One call at a time.
class PluginInstance {
public:
    virtual ~PluginInstance() = default;
    [[nodiscard]] virtual Capabilities capabilities() const = 0;
    /// Makes the call; `services` answers what the plugin asks meanwhile. An Error means that the plugin did not answer at all (plugin_fault, cancelled).
    [[nodiscard]] virtual Result<EntryResult> call(const EntryCall& call, HostServices& services) = 0;
};

}  // namespace qwen::host::plugin

// Host services over the socket: the plugin's process asks (RemoteServices), the program answers (serve).
//
// One class of messages for each function of HostServices. The rules themselves are in LocalServices, on the program's side.
#pragma once

#include <map>
#include <string>
#include <thread>

#include "host/plugin/host_services.hpp"
#include "host/plugin/isolation/channel.hpp"

namespace qwen::host::plugin {

enum class Service : std::uint8_t {
    cancelled = 1,
    deadline_mono_ms,
    interactive,
    http,
    server_skew_ms,
    sleep_until,
    secret_get,
    secret_put_if,
    secret_erase,
    device_code,
    prompt,
    choose,
    notice,
    progress,
    setting,
    run_command,
};

/// Does what one request of a plugin's process asks for and writes the answer. False: the request is malformed or over a limit of host.h, and nothing
/// was done.
[[nodiscard]] bool serve(std::string_view request, HostServices& services, WireWriter& answer);
/// A line for the log, cleaned. False: malformed.
[[nodiscard]] bool read_log(std::string_view message, std::uint32_t& level, std::string& line);

/// The services as a plugin sees them in its own process. Only the thread that runs the entry call may use them, and only during one; everybody
/// else gets QWEN_ERR_MISUSE. A broken socket ends the process.
class RemoteServices final : public HostServices {
public:
    explicit RemoteServices(Channel& channel) : channel_(channel), worker_(std::this_thread::get_id()) {}

    /// From here to `end` requests belong to this call.
    void begin(std::uint64_t call) { call_ = call; }
    void end() { call_ = 0; }

    void log(std::uint32_t level, std::string_view message) override;
    bool cancelled() override;
    std::int64_t deadline_mono_ms() override;
    std::uint32_t interactive() override;
    Status http(HttpExchange request, HttpAnswer& answer) override;
    std::int64_t server_skew_ms(std::string_view origin) override;
    Status sleep_until(std::int64_t mono_ms) override;
    Status secret_get(std::string_view key, SecretAnswer& answer) override;
    Status secret_put_if(std::string_view key, std::string_view value, std::int64_t expires_at_utc_ms, std::uint64_t revision,
                         std::uint64_t& new_revision) override;
    Status secret_erase(std::string_view key) override;
    Status device_code(const auth::DeviceVerification& verification) override;
    Status prompt(const PromptQuestion& question, Secret& answer) override;
    Status choose(std::string_view label, const std::vector<std::string>& choices, std::uint32_t& chosen) override;
    void notice(std::string_view text) override;
    void progress(std::uint32_t event, std::string_view detail) override;
    Status setting(std::string_view key, SettingAnswer& answer) override;
    Status run_command(std::string_view key, Secret& standard_output) override;

private:
    /// False: not allowed here.
    [[nodiscard]] bool ask(const WireWriter& request, Frame& answer);
    [[nodiscard]] Status ask_for_status(const WireWriter& request);

    Channel& channel_;
    std::thread::id worker_;
    std::uint64_t call_ = 0;
    struct KnownSetting {
        Status status = 0;
        SettingAnswer answer;
    };
    /// A provider's settings are resolved before it is opened and do not change in its life; every authorize asks for them, and each question costs two
    /// switches between processes.
    std::map<std::string, KnownSetting, std::less<>> settings_;
};

}  // namespace qwen::host::plugin

#include "host/plugin/isolation/plugin_process.hpp"

#include <sys/socket.h>
#include <unistd.h>

#include <cstring>
#include <string_view>

#include "core/system/random.hpp"
#include "host/plugin/direct_instance.hpp"
#include "host/plugin/host_table.hpp"
#include "host/plugin/isolation/channel.hpp"
#include "host/plugin/isolation/child_process.hpp"
#include "host/plugin/isolation/messages.hpp"
#include "host/plugin/isolation/service_messages.hpp"
#include "host/plugin/plugin_library.hpp"

namespace qwen::host::plugin {
namespace {

constexpr int kNotForPeople = 2;

bool is_socket(int descriptor) {
    int type = 0;
    socklen_t size = sizeof type;
    return ::getsockopt(descriptor, SOL_SOCKET, SO_TYPE, &type, &size) == 0;
}

/// All that lives in the process. Never destroyed: the plugin keeps pointers into it.
struct Guest {
    Channel channel{system::Descriptor(kChildSocket)};
    RemoteServices services{channel};
    system::SystemClock clock;
    system::SystemRandom random;
    std::unique_ptr<HostTable> table;
    std::unique_ptr<PluginInstance> instance;
    system::Descriptor image;
};

Result<void> load(Guest& guest, const StartMessage& start, IsolationReport& applied) {
    QWEN_TRY(VerifiedPlugin plugin, inspect_sealed(system::Descriptor(kChildImage), {.id = start.plugin, .path = start.path, .place = PluginPlace::user}));
    confine_for_loading(plugin.manifest.starts_threads ? Threads::allowed : Threads::none, applied);
    QWEN_TRY(const qwen_provider_entry_fn entry, open_library(plugin));
    guest.table = std::make_unique<HostTable>(qwen_host_ctx{
        .clock = &guest.clock, .random = &guest.random, .log = [&guest](std::uint32_t level, std::string_view line) { guest.services.log(level, line); }});
    QWEN_TRY(const qwen_provider* const provider, shake_hands(entry, *guest.table, plugin.manifest, start.path));
    guest.image = std::move(plugin.sealed);
    guest.instance = make_direct_instance(*provider);
    return {};
}

HelloMessage prepare(Guest& guest, const StartMessage& start, IsolationReport applied) {
    HelloMessage hello;
    if (start.plugin.empty()) {
        confine_for_loading(Threads::none, applied);
    } else if (const auto loaded = load(guest, start, applied); !loaded) {
        hello.incompatible = loaded.error().code == ErrorCode::plugin_incompatible;
        hello.reason = loaded.error().message;
        hello.hint = loaded.error().hint;
    } else {
        hello.loaded = true;
        hello.capabilities = guest.instance->capabilities();
    }
    confine_for_calls(applied);
    hello.applied = applied;
    return hello;
}

EntryResult perform(Guest& guest, const EntryCall& call) {
    try {
        auto result = guest.instance->call(call, guest.services);
        if (result) return std::move(*result);
    } catch (...) {
        // Reported like any failure, so that the user learns which rule was broken.
    }
    EntryResult thrown;
    thrown.status = QWEN_ERR_INTERNAL;
    thrown.said.message = "it let an exception out of " + std::string(to_string(call.entry));
    return thrown;
}

void answer(Guest& guest, const Frame& frame) {
    EntryCall call;
    WireReader in(frame.message);
    if (frame.kind != FrameKind::entry_call || !read_call(in, call)) ::_exit(kLostHost);
    guest.services.begin(frame.call);
    EntryResult result = perform(guest, call);
    guest.services.end();
    WireWriter out;
    write_result(out, result);
    if (guest.channel.send(FrameKind::entry_result, frame.call, out.bytes(), {})) ::_exit(kLostHost);
}

}  // namespace

bool is_plugin_process(int argc, char** argv) { return argc == 2 && std::strcmp(argv[1], kPluginHostOption) == 0; }

int run_plugin_process() {
    if (!is_socket(kChildSocket)) {
        constexpr std::string_view kReason = "qwen: --plugin-host is how the program starts itself for a plugin; it is of no use to people\n";
        (void)!::write(STDERR_FILENO, kReason.data(), kReason.size());
        return kNotForPeople;
    }
    IsolationReport applied;
    limit_process(applied);
    auto& guest = *new Guest();
    Frame frame;
    StartMessage start;
    if (guest.channel.receive(frame, {}) || frame.kind != FrameKind::start) return kLostHost;
    WireReader in(frame.message);
    if (!read_start(in, start)) return kLostHost;
    WireWriter out;
    write_hello(out, prepare(guest, start, applied));
    if (guest.channel.send(FrameKind::hello, 0, out.bytes(), {}) || guest.instance == nullptr) ::_exit(kLostHost);
    while (!guest.channel.receive(frame, {})) answer(guest, frame);
    guest.instance.reset();
    // No exit handlers: the plugin's would run among them, and nobody waits for them.
    ::_exit(0);
}

}  // namespace qwen::host::plugin

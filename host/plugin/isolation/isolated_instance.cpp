#include "host/plugin/isolation/isolated_instance.hpp"

#include <fmt/format.h>
#include <sys/socket.h>

#include <cerrno>
#include <cstring>
#include <limits>

#include "host/plugin/isolation/channel.hpp"
#include "host/plugin/isolation/child_process.hpp"
#include "host/plugin/isolation/messages.hpp"
#include "host/plugin/isolation/service_messages.hpp"
#include "qwen/plugin.h"

namespace qwen::host::plugin {
namespace {

using std::chrono::milliseconds;

/// A process that broke off gets this long to end by itself, so that its signal or status can be told.
constexpr milliseconds kEndingTime{500};
/// For the plugin's `destroy`.
constexpr milliseconds kGoodbyeTime{20};
/// How long a cancelled call may go on before its process is killed.
constexpr milliseconds kCancelTime{50};

MonotonicTime now() { return system::SystemClock().monotonic_now(); }

/// One process and the socket to it.
struct Connection {
    ChildProcess process;
    Channel channel;
    HelloMessage hello;
};

std::string silent_for(milliseconds limit) {
    return limit.count() % 1000 == 0 ? fmt::format("it did not answer within {} s", limit.count() / 1000) : fmt::format("it did not answer within {} ms", limit.count());
}

/// How it broke off, in words. The process is gone afterwards.
std::string cause_of(ChannelEnd end, Connection& connection, milliseconds limit) {
    if (end == ChannelEnd::closed) return connection.process.finish(kEndingTime);
    (void)connection.process.finish({});
    return end == ChannelEnd::timed_out ? silent_for(limit) : "it sent what no plugin's process sends";
}

Result<Connection> connect(const IsolationSettings& settings, int image) {
    int pair[2];
    if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) != 0) {
        return Error{ErrorCode::plugin_fault, fmt::format("no connection to a plugin's process: {}", std::strerror(errno)), {}, std::nullopt};
    }
    Channel channel{system::Descriptor(pair[0])};
    const system::Descriptor theirs(pair[1]);
    QWEN_TRY(ChildProcess process, ChildProcess::start(settings.program, theirs, image));
    Connection connection{std::move(process), std::move(channel), {}};
    return connection;
}

std::optional<ChannelEnd> greet(Connection& connection, const StartMessage& start, const IsolationSettings& settings) {
    const Channel::Patience patience{.deadline = now() + settings.offline_limit};
    WireWriter out;
    write_start(out, start);
    if (const auto end = connection.channel.send(FrameKind::start, 0, out.bytes(), patience)) return end;
    Frame frame;
    do {
        if (const auto end = connection.channel.receive(frame, patience)) return end;
    } while (frame.kind == FrameKind::log);
    WireReader in(frame.message);
    if (frame.kind != FrameKind::hello || !read_hello(in, connection.hello)) return ChannelEnd::malformed;
    return std::nullopt;
}

class Isolated final : public IsolatedInstance {
public:
    Isolated(VerifiedPlugin plugin, IsolationSettings settings) : plugin_(std::move(plugin)), settings_(std::move(settings)) {}
    ~Isolated() override {
        if (!connection_) return;
        connection_->channel.close();
        (void)connection_->process.finish(kGoodbyeTime);
    }
    Isolated(const Isolated&) = delete;
    Isolated& operator=(const Isolated&) = delete;

    [[nodiscard]] Result<void> start() {
        const StartMessage message{plugin_.manifest.id, plugin_.file.path.native()};
        created_ = false;
        QWEN_TRY(connection_, connect(settings_, plugin_.sealed.get()));
        if (const auto end = greet(*connection_, message, settings_)) return lost(*end, "while it was loaded", settings_.offline_limit);
        report_ = connection_->hello.applied;
        if (!connection_->hello.loaded) return refused();
        capabilities_ = connection_->hello.capabilities;
        return {};
    }

    Capabilities capabilities() const override { return capabilities_; }
    const IsolationReport& report() const override { return report_; }

    Result<EntryResult> call(const EntryCall& entry_call, HostServices& services) override {
        if (connection_ && connection_->channel.is_hung_up()) connection_.reset();
        if (!connection_) QWEN_CHECK(start());
        if (!created_ && entry_call.entry != EntryPoint::create) {
            QWEN_TRY(EntryResult result, perform({.entry = EntryPoint::create}, services));
            if (result.status != QWEN_OK) return result;
        }
        return perform(entry_call, services);
    }

private:
    Error fault(std::string_view place, std::string_view cause) const {
        return Error{ErrorCode::plugin_fault, fmt::format("plugin '{}' failed {}: {}", plugin_.manifest.id, place, cause),
                     "the plugin is at fault, not this program: tell its vendor", FileLocation{plugin_.file.path.native()}};
    }

    Error lost(ChannelEnd end, std::string_view place, milliseconds limit) {
        const std::string cause = cause_of(end, *connection_, limit);
        connection_.reset();
        return end == ChannelEnd::cancelled ? cancelled_error() : fault(place, cause);
    }

    Error refused() {
        const auto code = connection_->hello.incompatible ? ErrorCode::plugin_incompatible : ErrorCode::plugin_refused;
        Error error{code, std::move(connection_->hello.reason), std::move(connection_->hello.hint), FileLocation{plugin_.file.path.native()}};
        connection_.reset();
        return error;
    }

    Result<EntryResult> perform(const EntryCall& entry_call, HostServices& services) {
        const std::string place = fmt::format("in {}", to_string(entry_call.entry));
        const bool may_wait = kind_of(entry_call.entry) == CallKind::online;
        const milliseconds limit = may_wait ? settings_.silence_limit : settings_.offline_limit;
        Turn turn{.services = services, .limit = limit, .patience = {.deadline = now() + limit}};
        turn.patience.cancelled = [&turn] { return turn.is_over(); };
        const std::uint64_t number = ++calls_;
        WireWriter out;
        write_call(out, entry_call);
        if (const auto end = connection_->channel.send(FrameKind::entry_call, number, out.bytes(), turn.patience)) return lost(*end, place, limit);
        Frame frame;
        while (true) {
            if (const auto end = connection_->channel.receive(frame, turn.patience)) return lost(*end, place, limit);
            if (frame.kind == FrameKind::entry_result && frame.call == number) return finish(frame, entry_call.entry, place);
            if (const auto end = attend(frame, number, turn)) return lost(*end, place, limit);
            if (may_wait) turn.patience.deadline = now() + limit;
        }
    }

    /// One entry call and how long it may still take.
    struct Turn {
        HostServices& services;
        milliseconds limit;
        Channel::Patience patience;
        std::optional<MonotonicTime> cancelled_at = {};

        /// A cancelled call has a little time to end in order.
        [[nodiscard]] bool is_over() {
            if (!cancelled_at && services.cancelled()) cancelled_at = now();
            return cancelled_at && now() - *cancelled_at > kCancelTime;
        }
    };

    /// Does what the process asks for meanwhile.
    std::optional<ChannelEnd> attend(const Frame& frame, std::uint64_t number, Turn& turn) {
        if (frame.kind == FrameKind::log) {
            std::uint32_t level = 0;
            std::string line;
            if (!read_log(frame.message, level, line)) return ChannelEnd::malformed;
            turn.services.log(level, line);
            return turn.is_over() ? std::optional(ChannelEnd::cancelled) : std::nullopt;
        }
        WireWriter answer;
        if (frame.kind != FrameKind::service_request || frame.call != number || !serve(frame.message, turn.services, answer)) return ChannelEnd::malformed;
        if (turn.is_over()) return ChannelEnd::cancelled;
        return connection_->channel.send(FrameKind::service_answer, number, answer.bytes(), turn.patience);
    }

    Result<EntryResult> finish(const Frame& frame, EntryPoint entry, std::string_view place) {
        EntryResult result;
        WireReader in(frame.message);
        if (!read_result(in, entry, result)) return lost(ChannelEnd::malformed, place, {});
        if (entry == EntryPoint::create) created_ = result.status == QWEN_OK;
        return result;
    }

    VerifiedPlugin plugin_;
    IsolationSettings settings_;
    std::optional<Connection> connection_;
    Capabilities capabilities_;
    IsolationReport report_;
    std::uint64_t calls_ = 0;
    bool created_ = false;
};

}  // namespace

Result<std::unique_ptr<IsolatedInstance>> start_isolated_instance(VerifiedPlugin plugin, IsolationSettings settings) {
    auto instance = std::make_unique<Isolated>(std::move(plugin), std::move(settings));
    QWEN_CHECK(instance->start());
    return std::unique_ptr<IsolatedInstance>(std::move(instance));
}

Result<IsolationReport> probe_isolation(const IsolationSettings& settings) {
    QWEN_TRY(Connection connection, connect(settings, -1));
    if (const auto end = greet(connection, {}, settings)) {
        return Error{ErrorCode::plugin_fault, fmt::format("a process for plugins does not work: {}", cause_of(*end, connection, settings.offline_limit)), {},
                     std::nullopt};
    }
    return connection.hello.applied;
}

}  // namespace qwen::host::plugin

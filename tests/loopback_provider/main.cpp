// A provider of our own on loopback: what the demo, the scenarios and the benchmark talk to. See behaviour.hpp for what it can be asked to do.
#include "tests/loopback_provider/connection.hpp"

#include <CLI/CLI.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/signal_set.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <fmt/format.h>
#include <iostream>
#include <sys/resource.h>

namespace {

namespace asio = boost::asio;
using asio::ip::tcp;

// Each stream is a descriptor, and the usual limit of 1,024 is what a thousand streams run into first.
void raise_descriptor_limit() {
    rlimit limit{};
    if (getrlimit(RLIMIT_NOFILE, &limit) != 0) return;
    limit.rlim_cur = limit.rlim_max;
    setrlimit(RLIMIT_NOFILE, &limit);
}

asio::awaitable<void> accept_for_ever(tcp::acceptor& acceptor, asio::ssl::context* tls, loopback::Provider& provider, loopback::RequestLog& log) {
    for (;;) {
        boost::system::error_code problem;
        auto socket = co_await acceptor.async_accept(asio::redirect_error(asio::use_awaitable, problem));
        if (!problem) {
            asio::co_spawn(acceptor.get_executor(), loopback::serve_connection(std::move(socket), tls, provider, log), asio::detached);
            continue;
        }
        // Out of descriptors: let some connections end instead of spinning.
        asio::steady_timer timer(acceptor.get_executor(), std::chrono::milliseconds(20));
        co_await timer.async_wait(asio::use_awaitable);
    }
}

}  // namespace

int main(int argc, char** argv) {
    unsigned short port = 0;
    std::vector<std::string> tls_files, keys;
    loopback::IssuerOptions issuer_options;
    loopback::ProviderOptions provider_options;
    long token_delay_ms = 0;

    CLI::App app{"A language-model provider on loopback, for tests. Prints one line of JSON when it is ready."};
    app.add_option("--port", port, "0: any free port");
    app.add_option("--tls", tls_files, "certificate chain and key, PEM")->expected(2);
    app.add_option("--key", keys, "accepted API key; may be repeated (default: loopback-key)");
    app.add_flag("--accept-anyone", provider_options.accept_anyone, "no key is asked for");
    app.add_option("--approve-after", issuer_options.approve_after_polls, "polls until a sign-in approves itself; negative: never");
    app.add_option("--interval", issuer_options.interval_s, "seconds between polls");
    app.add_option("--code-lifetime", issuer_options.code_lifetime_s, "seconds");
    app.add_option("--token-lifetime", issuer_options.token_lifetime_s, "seconds");
    app.add_option("--token-delay", token_delay_ms, "milliseconds before the issuer answers");
    CLI11_PARSE(app, argc, argv);

    raise_descriptor_limit();
    asio::io_context io(1);
    tcp::acceptor acceptor(io, tcp::endpoint(asio::ip::address_v4::loopback(), port), true);
    acceptor.listen(4096);

    std::optional<asio::ssl::context> tls;
    if (!tls_files.empty()) {
        tls.emplace(asio::ssl::context::tls_server);
        tls->use_certificate_chain_file(tls_files[0]);
        tls->use_private_key_file(tls_files[1], asio::ssl::context::pem);
    }
    port = acceptor.local_endpoint().port();
    // A certificate names a host, so TLS goes by name.
    issuer_options.base_url = tls ? fmt::format("https://localhost:{}", port) : fmt::format("http://127.0.0.1:{}", port);
    provider_options.keys = keys.empty() ? std::set<std::string>{"loopback-key"} : std::set<std::string>(keys.begin(), keys.end());
    provider_options.token_delay = std::chrono::milliseconds(token_delay_ms);

    loopback::RequestLog log;
    loopback::Issuer issuer(issuer_options, log);
    loopback::Provider provider(provider_options, issuer, log);
    asio::co_spawn(io, accept_for_ever(acceptor, tls ? &*tls : nullptr, provider, log), asio::detached);
    asio::signal_set signals(io, SIGINT, SIGTERM);
    signals.async_wait([&io](const boost::system::error_code&, int) { io.stop(); });

    std::cout << fmt::format(R"({{"ready":true,"port":{},"base_url":"{}"}})", port, issuer_options.base_url) << std::endl;
    io.run();
}

#include "host/conversation/provider_connection.hpp"

namespace qwen::host {

Result<std::unique_ptr<ProviderConnection>> ProviderConnection::open(const CommandRun& run, const ProviderWish& wish, auth::Interaction& interaction) {
    QWEN_TRY(auto chosen, choose(run, wish));
    std::unique_ptr<ProviderConnection> connection(new ProviderConnection());
    connection->chosen_ = std::make_unique<Chosen>(std::move(chosen));
    if (connection->chosen_->provider) connection->name_ = connection->chosen_->provider->name();
    QWEN_TRY(connection->session_, open_session(run, *connection->chosen_, interaction));
    connection->target_ = connection->session_->target();
    return connection;
}

}  // namespace qwen::host

#pragma once

#include <boost/asio/ssl/context.hpp>

#include "messages/domain/error.hpp"

namespace gantry::cri {

/// A server's TLS, 1.2 or later, with what two PEM files say now: the certificate, followed by those that signed it,
/// and its private key, without a passphrase. Errors: invalid_argument for what is neither, and for a key that is
/// another certificate's; as sys::read_file. Each names the file. Blocks.
result<boost::asio::ssl::context> load_tls(const std::string& certificate, const std::string& key);

} // namespace gantry::cri

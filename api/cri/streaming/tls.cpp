#include "api/cri/streaming/tls.hpp"

#include <openssl/ssl.h>

#include "runtime/sys/files.hpp"

namespace gantry::cri {
namespace {

namespace ssl = boost::asio::ssl;
using boost::system::error_code;

void harden(ssl::context& tls) {
  auto* raw = tls.native_handle();
  ::SSL_CTX_set_min_proto_version(raw, TLS1_2_VERSION);
  ::SSL_CTX_set_options(raw, SSL_OP_NO_RENEGOTIATION); // the dear part of TLS, again and again over one connection
  ::SSL_CTX_set_session_cache_mode(raw, SSL_SESS_CACHE_OFF);
  // Else OpenSSL asks at the terminal.
  error_code ignored;
  tls.set_password_callback([](std::size_t, ssl::context::password_purpose) { return std::string(); }, ignored);
}

} // namespace

result<ssl::context> load_tls(const std::string& certificate, const std::string& key) {
  GANTRY_LET(auto chain, sys::read_file(certificate));
  GANTRY_LET(auto secret, sys::read_file(key));
  ssl::context made(ssl::context::tls_server);
  harden(made);
  error_code failure;
  made.use_certificate_chain(boost::asio::buffer(chain), failure);
  if (failure)
    return fail(errc::invalid_argument, "{} is no certificate in PEM that TLS can be spoken with: {}", certificate,
                failure.message());
  made.use_private_key(boost::asio::buffer(secret), ssl::context::pem, failure);
  ::OPENSSL_cleanse(secret.data(), secret.size());
  if (failure)
    return fail(errc::invalid_argument, "{} is not the private key, in PEM and without a passphrase, of {}: {}", key,
                certificate, failure.message());
  // A key of another kind than the certificate's is not compared above.
  if (::SSL_CTX_check_private_key(made.native_handle()) != 1)
    return fail(errc::invalid_argument, "{} is not the private key of {}", key, certificate);
  return made;
}

} // namespace gantry::cri

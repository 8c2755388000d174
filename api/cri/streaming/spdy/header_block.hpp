#pragma once

#include <memory>
#include <string_view>

#include "api/cri/streaming/spdy/frame.hpp"
#include "messages/domain/error.hpp"

struct z_stream_s;

/// Header blocks: names and values, each after its length, compressed by one zlib stream per direction, which lives as
/// long as the connection (SPDY Protocol, Draft 3.1, section 2.6.10). So each block must go through, in order, even one
/// of a stream that is refused.
namespace gantry::cri::spdy {

class header_inflater {
public:
  header_inflater();
  /// Errors: corrupt, also for more than max_header_bytes or max_headers, a name with capitals, one that occurs twice.
  /// After an error the connection is of no more use.
  result<header_list> expand(std::string_view block);

private:
  result<std::string> inflate(std::string_view block);
  struct end {
    void operator()(z_stream_s* stream) const;
  };
  std::unique_ptr<z_stream_s, end> stream_;
};

class header_deflater {
public:
  header_deflater();
  std::string compress(const header_list& headers);

private:
  struct end {
    void operator()(z_stream_s* stream) const;
  };
  std::unique_ptr<z_stream_s, end> stream_;
};

} // namespace gantry::cri::spdy

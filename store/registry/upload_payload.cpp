#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <utility>

#include "runtime/sys/unique_fd.hpp"
#include "store/registry/error_body.hpp"
#include "store/registry/payload.hpp"

namespace gantry::store {
namespace {

class file_body final : public request_body {
public:
  file_body(sys::unique_fd fd, std::uint64_t size, std::function<void(std::uint64_t)> sent)
      : fd_(std::move(fd)), size_(size), sent_(std::move(sent)) {}

  [[nodiscard]] std::uint64_t size() const override { return size_; }
  std::optional<std::size_t> read(std::span<char> into) override {
    auto want = static_cast<std::size_t>(std::min<std::uint64_t>(into.size(), size_ - at_));
    ssize_t got = 0;
    do got = ::pread(fd_.get(), into.data(), want, static_cast<off_t>(at_));
    while (got < 0 && errno == EINTR);
    if (got < 0 || (got == 0 && want > 0)) return std::nullopt; // a blob of another size than it was
    at_ += static_cast<std::uint64_t>(got);
    if (sent_) sent_(at_);
    return static_cast<std::size_t>(got);
  }
  bool go_to(std::uint64_t offset) override {
    at_ = std::min(offset, size_);
    return offset <= size_;
  }

private:
  sys::unique_fd fd_;
  std::uint64_t size_, at_ = 0;
  std::function<void(std::uint64_t)> sent_;
};

/// One that cannot be opened is a body that cannot be read.
std::shared_ptr<request_body> body_of(const std::string& file, std::uint64_t size,
                                      std::function<void(std::uint64_t)> sent) {
  sys::unique_fd fd(::open(file.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW));
  return std::make_shared<file_body>(std::move(fd), size, std::move(sent));
}

class blob_push final : public payload {
public:
  blob_push(descriptor what, std::string file, std::string mount_from, std::function<void(std::uint64_t)> progress,
            callback<upload_end> done)
      : what_(std::move(what)), file_(std::move(file)), mount_from_(std::move(mount_from)),
        progress_(std::move(progress)), done_(std::move(done)) {}

  [[nodiscard]] std::string path() const override {
    if (now_ == step::look) return "blobs/" + what_.content.str();
    if (now_ == step::open && !mount_from_.empty())
      return "blobs/uploads/?mount=" + what_.content.str() + "&from=" + mount_from_; // both hold nothing to escape
    return "blobs/uploads/";
  }
  [[nodiscard]] std::string subject() const override { return "layer " + what_.content.str(); }
  [[nodiscard]] std::string method() const override {
    return now_ == step::look ? "HEAD" : now_ == step::open ? "POST" : "PUT";
  }
  [[nodiscard]] std::string actions() const override { return "pull,push"; }

  void start_over() override { now_ = step::look; }
  std::vector<std::string> begin() override {
    if (now_ != step::send) return {};
    return {"Content-Type: application/octet-stream"};
  }
  std::shared_ptr<request_body> body() override {
    if (now_ != step::send) return nullptr;
    return body_of(file_, what_.size, [this](std::uint64_t sent) { tell(sent); });
  }

  taken receive(const response_head&, std::span<const char>) override { return taken::all; }
  [[nodiscard]] error refusal() const override { return {}; }
  [[nodiscard]] bool is_answer(long status) const override {
    if (now_ == step::look) return status == 200 || status == 404 || status == 405; // 405: no HEAD there
    if (now_ == step::open) return status == 202 || (status == 201 && !mount_from_.empty());
    return status == 201 || status == 204;
  }
  result<void> complete(const response_head& head) override {
    ended_.reset();
    if (now_ == step::look && head.status == 200) ended_ = upload_end::existed;
    if (now_ == step::open && head.status == 201) ended_ = upload_end::mounted;
    if (now_ == step::send) ended_ = upload_end::uploaded;
    if (now_ != step::open || ended_) return {};
    if (head.location.empty()) return gantry::fail(errc::corrupt, "the registry does not say where to upload to");
    location_ = head.location;
    location_ += (location_.find('?') == std::string::npos ? "?digest=" : "&digest=") + what_.content.str();
    return {};
  }
  std::optional<next_request> next() override {
    if (ended_) return std::nullopt;
    if (std::exchange(now_, now_ == step::look ? step::open : step::send) == step::look) return next_request{};
    return next_request{location_};
  }

  void succeed() override {
    if (progress_) progress_(what_.size);
    done_(*ended_);
  }
  void fail(error reason) override { done_(tl::unexpected<error>(std::move(reason))); }

private:
  enum class step : std::uint8_t { look, open, send };

  void tell(std::uint64_t sent) {
    auto now = std::chrono::steady_clock::now();
    if (!progress_ || now - told_ < progress_interval) return;
    told_ = now;
    progress_(sent);
  }

  descriptor what_;
  std::string file_, mount_from_, location_;
  std::function<void(std::uint64_t)> progress_;
  callback<upload_end> done_;
  std::chrono::steady_clock::time_point told_;
  std::optional<upload_end> ended_;
  step now_ = step::look;
};

class manifest_push final : public payload {
public:
  manifest_push(const reference& to, descriptor what, std::string file, callback<void> done)
      : target_(to.target()), what_(std::move(what)), file_(std::move(file)), done_(std::move(done)) {}

  [[nodiscard]] std::string path() const override { return "manifests/" + target_; }
  [[nodiscard]] std::string subject() const override { return "manifest " + target_; }
  [[nodiscard]] std::string method() const override { return "PUT"; }
  [[nodiscard]] std::string actions() const override { return "pull,push"; }
  std::vector<std::string> begin() override { return {"Content-Type: " + what_.media_type}; }
  std::shared_ptr<request_body> body() override { return body_of(file_, what_.size, {}); }
  taken receive(const response_head&, std::span<const char>) override { return taken::all; }
  [[nodiscard]] error refusal() const override { return {}; }
  [[nodiscard]] bool is_answer(long status) const override { return status == 201 || status == 200 || status == 202; }
  result<void> complete(const response_head& head) override {
    auto said = digest::parse(head.content_digest);
    if (!said || *said == what_.content) return {};
    return gantry::fail(errc::corrupt, "the registry calls its digest {}, but it is {}",
                        printable(head.content_digest, 150), what_.content.str());
  }
  void succeed() override { done_({}); }
  void fail(error reason) override { done_(tl::unexpected<error>(std::move(reason))); }

private:
  std::string target_;
  descriptor what_;
  std::string file_;
  callback<void> done_;
};

} // namespace

std::unique_ptr<payload> blob_upload(const descriptor& what, std::string path, std::string mount_from,
                                     std::function<void(std::uint64_t)> progress, callback<upload_end> done) {
  return std::make_unique<blob_push>(what, std::move(path), std::move(mount_from), std::move(progress),
                                     std::move(done));
}

std::unique_ptr<payload> manifest_upload(const reference& to, const descriptor& what, std::string path,
                                         callback<void> done) {
  return std::make_unique<manifest_push>(to, what, std::move(path), std::move(done));
}

} // namespace gantry::store

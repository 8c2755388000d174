#include "store/registry/registry_client.hpp"

#include <pthread.h>
#include <signal.h>

#include <atomic>
#include <mutex>
#include <thread>
#include <utility>
#include <vector>

#include "runtime/sys/thread_name.hpp"
#include "store/registry/transfer_queue.hpp"

namespace gantry::store {

/// The thread and its mailbox. What the thread alone touches is made and destroyed in run(). An ingest's wake function
/// may outlive the client, so it holds a weak pointer to this.
class registry_client::worker {
public:
  using job = std::function<void(transfer_queue&)>;

  explicit worker(client_options options) : options_(std::move(options)) {}

  static void start(const std::shared_ptr<worker>& self) {
    self->thread_ = std::thread([raw = self.get()] {
      sys::name_thread("registry client");
      raw->run();
    });
  }
  void stop() {
    stopping_ = true;
    wire_.wake();
    thread_.join();
  }
  void post(job work) {
    {
      std::lock_guard lock(mutex_);
      jobs_.push_back(std::move(work));
    }
    wire_.wake();
  }
  transfer_id next_id() { return ++last_id_; }

private:
  void run() {
    // OpenSSL writes to sockets without MSG_NOSIGNAL; no signal of the process is this thread's business.
    sigset_t all;
    ::sigfillset(&all);
    ::pthread_sigmask(SIG_BLOCK, &all, nullptr);
    endpoints rules(options_.insecure_registries);
    authorizer logins;
    token_desk tokens(wire_, logins, rules, options_);
    transfer_queue queue(options_, registry_services{options_, wire_, rules, logins, tokens});
    while (!stopping_) {
      for (auto& work : take_jobs()) work(queue);
      wire_.perform();
      auto idle = queue.turn();
      if (stopping_) break;
      wire_.wait(idle);
      queue.listened();
    }
    // What was asked for gets its answer, also what those who are told so ask for in turn; within reason.
    for (int round = 0; round < 100; ++round) {
      for (auto& work : take_jobs()) work(queue);
      queue.cancel_all({errc::cancelled, "the engine is stopping", 0});
    }
    wire_.drop_all(); // token requests call back into what goes now
  }

  std::vector<job> take_jobs() {
    std::lock_guard lock(mutex_);
    return std::exchange(jobs_, {});
  }

  const client_options options_;
  exchanges wire_;
  std::atomic<transfer_id> last_id_{0};
  std::atomic<bool> stopping_{false};
  std::mutex mutex_;
  std::vector<job> jobs_;
  std::thread thread_;
};

namespace {

/// std::function wants what can be copied; an order can only be moved.
std::function<void(transfer_queue&)> adding(transfer_order order) {
  return [held = std::make_shared<transfer_order>(std::move(order))](transfer_queue& queue) {
    queue.add(std::move(*held));
  };
}

} // namespace

registry_client::registry_client(client_options options) : worker_(std::make_shared<worker>(std::move(options))) {
  worker::start(worker_);
}

registry_client::~registry_client() { worker_->stop(); }

transfer_id registry_client::get_manifest(const reference& of, const credentials& who,
                                          callback<fetched_manifest> done) {
  auto id = worker_->next_id();
  worker_->post(adding({id, transfer_order::kind::document, of, who, 0, manifest_payload(of, std::move(done))}));
  return id;
}

transfer_id registry_client::get_document(const reference& from, const descriptor& what, std::size_t limit,
                                          const credentials& who, callback<std::string> done) {
  auto id = worker_->next_id();
  auto fetch = document_payload(what, limit, std::move(done));
  if (what.size > limit)
    worker_->post(
        [held = std::shared_ptr<payload>(std::move(fetch))](transfer_queue&) { held->fail(held->refusal()); });
  else
    worker_->post(adding({id, transfer_order::kind::document, from, who, 0, std::move(fetch)}));
  return id;
}

transfer_id registry_client::get_blob(const reference& from, std::shared_ptr<ingest> into, const credentials& who,
                                      std::uint64_t group, std::function<void(std::uint64_t)> progress,
                                      callback<void> done) {
  auto id = worker_->next_id();
  into->on_wake([of = std::weak_ptr<worker>(worker_), id] {
    if (auto alive = of.lock()) alive->post([id](transfer_queue& queue) { queue.wake(id); });
  });
  worker_->post(adding({id, transfer_order::kind::blob, from, who, group,
                        blob_payload(std::move(into), std::move(progress), std::move(done))}));
  return id;
}

transfer_id registry_client::put_blob(const reference& to, const descriptor& what, std::string path,
                                      std::string mount_from, const credentials& who, std::uint64_t group,
                                      std::function<void(std::uint64_t)> progress, callback<upload_end> done) {
  auto id = worker_->next_id();
  auto upload = blob_upload(what, std::move(path), std::move(mount_from), std::move(progress), std::move(done));
  worker_->post(adding({id, transfer_order::kind::upload, to, who, group, std::move(upload)}));
  return id;
}

transfer_id registry_client::put_manifest(const reference& to, const descriptor& what, std::string path,
                                          const credentials& who, callback<void> done) {
  auto id = worker_->next_id();
  auto upload = manifest_upload(to, what, std::move(path), std::move(done));
  worker_->post(adding({id, transfer_order::kind::document, to, who, 0, std::move(upload)}));
  return id;
}

void registry_client::cancel(transfer_id id) {
  worker_->post([id](transfer_queue& queue) { queue.cancel(id); });
}

} // namespace gantry::store

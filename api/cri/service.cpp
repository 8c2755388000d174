#include "api/cri/service.hpp"

#include "api/cri/calls/calls.hpp"
#include "api/cri/cri.grpc.pb.h"

// Which function answers which call: nothing else stands here.

#define GANTRY_CALL(Name, handle)                                                                                      \
  grpc::ServerUnaryReactor* Name(grpc::CallbackServerContext*, const v1::Name##Request* request,                       \
                                 v1::Name##Response* response) override {                                              \
    return unary_call<v1::Name##Request, v1::Name##Response>::answer(at_, calls::handle, *request, *response);         \
  }
#define GANTRY_STREAM(Name, Request, Response, handle)                                                                 \
  grpc::ServerWriteReactor<v1::Response>* Name(grpc::CallbackServerContext*, const v1::Request* request) override {    \
    return stream_call<v1::Request, v1::Response>::answer(at_, calls::handle, *request);                               \
  }
#define GANTRY_REFUSED(Name, why)                                                                                      \
  grpc::ServerUnaryReactor* Name(grpc::CallbackServerContext* call, const v1::Name##Request*, v1::Name##Response*)     \
      override {                                                                                                       \
    auto* reactor = call->DefaultReactor();                                                                            \
    reactor->Finish({grpc::UNIMPLEMENTED, why});                                                                       \
    return reactor;                                                                                                    \
  }

namespace gantry::cri {
namespace {

constexpr auto no_checkpoints = "checkpoints are not supported: this engine has no CRIU";

class runtime_service final : public v1::RuntimeService::CallbackService {
public:
  explicit runtime_service(desk& at) : at_(at) {}

  GANTRY_CALL(Version, version)
  GANTRY_CALL(Status, status)
  GANTRY_CALL(RuntimeConfig, runtime_config)
  GANTRY_CALL(UpdateRuntimeConfig, update_runtime_config)

  GANTRY_CALL(RunPodSandbox, run_pod_sandbox)
  GANTRY_CALL(StopPodSandbox, stop_pod_sandbox)
  GANTRY_CALL(RemovePodSandbox, remove_pod_sandbox)
  GANTRY_CALL(PodSandboxStatus, pod_sandbox_status)
  GANTRY_CALL(ListPodSandbox, list_pod_sandbox)
  GANTRY_CALL(UpdatePodSandboxResources, update_pod_sandbox_resources)

  GANTRY_CALL(CreateContainer, create_container)
  GANTRY_CALL(StartContainer, start_container)
  GANTRY_CALL(StopContainer, stop_container)
  GANTRY_CALL(RemoveContainer, remove_container)
  GANTRY_CALL(ListContainers, list_containers)
  GANTRY_CALL(ContainerStatus, container_status)
  GANTRY_CALL(UpdateContainerResources, update_container_resources)
  GANTRY_CALL(ReopenContainerLog, reopen_container_log)
  GANTRY_CALL(ExecSync, exec_sync)
  GANTRY_CALL(Exec, exec)
  GANTRY_CALL(Attach, attach)
  GANTRY_CALL(PortForward, port_forward)

  GANTRY_CALL(ContainerStats, container_stats)
  GANTRY_CALL(ListContainerStats, list_container_stats)
  GANTRY_CALL(PodSandboxStats, pod_sandbox_stats)
  GANTRY_CALL(ListPodSandboxStats, list_pod_sandbox_stats)
  GANTRY_STREAM(StreamPodSandboxes, StreamPodSandboxesRequest, StreamPodSandboxesResponse, stream_pod_sandboxes)
  GANTRY_STREAM(StreamContainers, StreamContainersRequest, StreamContainersResponse, stream_containers)
  GANTRY_STREAM(StreamContainerStats, StreamContainerStatsRequest, StreamContainerStatsResponse, stream_container_stats)
  GANTRY_STREAM(StreamPodSandboxStats, StreamPodSandboxStatsRequest, StreamPodSandboxStatsResponse,
                stream_pod_sandbox_stats)
  GANTRY_CALL(ListMetricDescriptors, list_metric_descriptors)
  GANTRY_CALL(ListPodSandboxMetrics, list_pod_sandbox_metrics)
  GANTRY_STREAM(StreamPodSandboxMetrics, StreamPodSandboxMetricsRequest, StreamPodSandboxMetricsResponse,
                stream_pod_sandbox_metrics)
  GANTRY_STREAM(GetContainerEvents, GetEventsRequest, ContainerEventResponse, get_container_events)

  GANTRY_REFUSED(CheckpointContainer, no_checkpoints)
  GANTRY_REFUSED(CheckpointPod, no_checkpoints)
  GANTRY_REFUSED(RestorePod, no_checkpoints)

private:
  desk& at_;
};

class image_service final : public v1::ImageService::CallbackService {
public:
  explicit image_service(desk& at) : at_(at) {}

  GANTRY_CALL(ListImages, list_images)
  GANTRY_STREAM(StreamImages, StreamImagesRequest, StreamImagesResponse, stream_images)
  GANTRY_CALL(ImageStatus, image_status)
  GANTRY_CALL(PullImage, pull_image)
  GANTRY_CALL(RemoveImage, remove_image)
  GANTRY_CALL(ImageFsInfo, image_fs_info)

private:
  desk& at_;
};

} // namespace

std::unique_ptr<grpc::Service> make_runtime_service(desk& at) { return std::make_unique<runtime_service>(at); }
std::unique_ptr<grpc::Service> make_image_service(desk& at) { return std::make_unique<image_service>(at); }

} // namespace gantry::cri

#pragma once

#include "api/cri/call.hpp"

/// What answers each call, by the name that the CRI gives it; one group a file. Each runs on the door's thread, but for
/// those that answer at once.
namespace gantry::cri::calls {

template<class Response>
using answer = awaitable<result<Response>>;

// version.cpp
answer<v1::VersionResponse> version(context& door, const v1::VersionRequest& request);
answer<v1::StatusResponse> status(context& door, const v1::StatusRequest& request);
answer<v1::RuntimeConfigResponse> runtime_config(context& door, const v1::RuntimeConfigRequest& request);
answer<v1::UpdateRuntimeConfigResponse> update_runtime_config(context& door,
                                                              const v1::UpdateRuntimeConfigRequest& request);

// images.cpp
answer<v1::ListImagesResponse> list_images(context& door, const v1::ListImagesRequest& request);
answer<v1::ImageStatusResponse> image_status(context& door, const v1::ImageStatusRequest& request);
answer<v1::RemoveImageResponse> remove_image(context& door, const v1::RemoveImageRequest& request);
answer<v1::ImageFsInfoResponse> image_fs_info(context& door, const v1::ImageFsInfoRequest& request);
answer<void> stream_images(context& door, const v1::StreamImagesRequest& request, sink<v1::StreamImagesResponse>& to);
// pull.cpp
answer<v1::PullImageResponse> pull_image(context& door, const v1::PullImageRequest& request);

// pods.cpp
answer<v1::RunPodSandboxResponse> run_pod_sandbox(context& door, const v1::RunPodSandboxRequest& request);
answer<v1::StopPodSandboxResponse> stop_pod_sandbox(context& door, const v1::StopPodSandboxRequest& request);
answer<v1::RemovePodSandboxResponse> remove_pod_sandbox(context& door, const v1::RemovePodSandboxRequest& request);
answer<v1::PodSandboxStatusResponse> pod_sandbox_status(context& door, const v1::PodSandboxStatusRequest& request);
answer<v1::ListPodSandboxResponse> list_pod_sandbox(context& door, const v1::ListPodSandboxRequest& request);
at_once<v1::PodSandboxStatusResponse> pod_sandbox_status_at_once(const context& door,
                                                                 const v1::PodSandboxStatusRequest& request);
at_once<v1::ListPodSandboxResponse> list_pod_sandbox_at_once(const context& door,
                                                             const v1::ListPodSandboxRequest& request);
answer<void> stream_pod_sandboxes(context& door, const v1::StreamPodSandboxesRequest& request,
                                  sink<v1::StreamPodSandboxesResponse>& to);
answer<v1::UpdatePodSandboxResourcesResponse>
update_pod_sandbox_resources(context& door, const v1::UpdatePodSandboxResourcesRequest& request);

// containers.cpp
answer<v1::CreateContainerResponse> create_container(context& door, const v1::CreateContainerRequest& request);
answer<v1::StartContainerResponse> start_container(context& door, const v1::StartContainerRequest& request);
answer<v1::StopContainerResponse> stop_container(context& door, const v1::StopContainerRequest& request);
answer<v1::RemoveContainerResponse> remove_container(context& door, const v1::RemoveContainerRequest& request);
answer<v1::UpdateContainerResourcesResponse>
update_container_resources(context& door, const v1::UpdateContainerResourcesRequest& request);
answer<v1::ReopenContainerLogResponse> reopen_container_log(context& door,
                                                            const v1::ReopenContainerLogRequest& request);
// container_lists.cpp
answer<v1::ListContainersResponse> list_containers(context& door, const v1::ListContainersRequest& request);
answer<v1::ContainerStatusResponse> container_status(context& door, const v1::ContainerStatusRequest& request);
at_once<v1::ListContainersResponse> list_containers_at_once(const context& door,
                                                            const v1::ListContainersRequest& request);
at_once<v1::ContainerStatusResponse> container_status_at_once(const context& door,
                                                              const v1::ContainerStatusRequest& request);
answer<void> stream_containers(context& door, const v1::StreamContainersRequest& request,
                               sink<v1::StreamContainersResponse>& to);

// exec.cpp
answer<v1::ExecSyncResponse> exec_sync(context& door, const v1::ExecSyncRequest& request);

// streams.cpp
answer<v1::ExecResponse> exec(context& door, const v1::ExecRequest& request);
answer<v1::AttachResponse> attach(context& door, const v1::AttachRequest& request);
answer<v1::PortForwardResponse> port_forward(context& door, const v1::PortForwardRequest& request);

// stats.cpp
answer<v1::ContainerStatsResponse> container_stats(context& door, const v1::ContainerStatsRequest& request);
answer<v1::ListContainerStatsResponse> list_container_stats(context& door,
                                                            const v1::ListContainerStatsRequest& request);
answer<void> stream_container_stats(context& door, const v1::StreamContainerStatsRequest& request,
                                    sink<v1::StreamContainerStatsResponse>& to);
answer<v1::PodSandboxStatsResponse> pod_sandbox_stats(context& door, const v1::PodSandboxStatsRequest& request);
answer<v1::ListPodSandboxStatsResponse> list_pod_sandbox_stats(context& door,
                                                               const v1::ListPodSandboxStatsRequest& request);
answer<void> stream_pod_sandbox_stats(context& door, const v1::StreamPodSandboxStatsRequest& request,
                                      sink<v1::StreamPodSandboxStatsResponse>& to);

// metrics.cpp
answer<v1::ListMetricDescriptorsResponse> list_metric_descriptors(context& door,
                                                                  const v1::ListMetricDescriptorsRequest& request);
answer<v1::ListPodSandboxMetricsResponse> list_pod_sandbox_metrics(context& door,
                                                                   const v1::ListPodSandboxMetricsRequest& request);
answer<void> stream_pod_sandbox_metrics(context& door, const v1::StreamPodSandboxMetricsRequest& request,
                                        sink<v1::StreamPodSandboxMetricsResponse>& to);

// events.cpp
answer<void> get_container_events(context& door, const v1::GetEventsRequest& request,
                                  sink<v1::ContainerEventResponse>& to);

} // namespace gantry::cri::calls

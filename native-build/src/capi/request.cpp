#include "rocketmq/request.h"

#include "capi/message_views.h"
#include "capi/producer_access.h"

using rocketmq::fail;
using rocketmq::Status;
using rocketmq::StoredMessage;
namespace capi = rocketmq::capi;

struct rocketmq_reply {
  explicit rocketmq_reply(StoredMessage reply) : message(std::move(reply)) {
    views.fill(&message, 1, {});
    rocketmq_message_view& view = views.at(0);
    // The broker has none to find it by.
    view.offset_message_id = {};
    if (message.property(rocketmq::property::kUniqueId).empty()) view.message_id = {};
  }
  const StoredMessage message;
  capi::MessageViews views;
};

extern "C" {

int32_t rocketmq_producer_set_reply_callback(rocketmq_producer* producer, rocketmq_reply_callback on_reply,
                                             uint64_t context, rocketmq_error* error) {
  return capi::guarded(error, [&]() -> Status {
    if (producer == nullptr) return fail(capi::null_argument("producer"));
    if (on_reply == nullptr) return fail(capi::null_argument("on_reply"));
    return producer->impl->set_reply_callback([on_reply, context](const rocketmq::ReplyOutcome& outcome) {
      rocketmq_reply_completion completion{};
      completion.size = sizeof completion;
      completion.context = outcome.context;
      if (outcome.reply) {
        rocketmq_reply reply(*outcome.reply);
        completion.reply = &reply.views.at(0);
        on_reply(context, &completion);
      } else {
        rocketmq_error failure{};
        capi::to_c(outcome.reply.error(), failure);
        completion.error = &failure;
        on_reply(context, &completion);
      }
    });
  });
}

int32_t rocketmq_producer_request(rocketmq_producer* producer, const rocketmq_message* message,
                                  const rocketmq_send_options* options, rocketmq_reply** reply, rocketmq_error* error) {
  using capi::SendOptions;
  return capi::guarded(error, [&]() -> Status {
    if (reply == nullptr) return fail(capi::null_argument("reply"));
    return capi::with_message(producer, message, options,
                              [&](auto& impl, auto& outgoing, const SendOptions& how) -> Status {
                                auto received = impl.request(outgoing, how.timeout);
                                if (!received) return fail(std::move(received.error()));
                                *reply = new rocketmq_reply(std::move(*received));
                                return {};
                              });
  });
}

int32_t rocketmq_producer_request_async(rocketmq_producer* producer, const rocketmq_message* message,
                                        const rocketmq_send_options* options, uint64_t context, rocketmq_error* error) {
  using capi::SendOptions;
  return capi::guarded(error, [&] {
    return capi::with_message(producer, message, options,
                              [&](auto& impl, auto& outgoing, const SendOptions& how) -> Status {
                                return impl.request_async(outgoing, how.timeout, context, how.limited);
                              });
  });
}

const rocketmq_message_view* rocketmq_reply_message(const rocketmq_reply* reply) {
  return reply == nullptr ? nullptr : reply->views.pointers()[0];
}

void rocketmq_reply_destroy(rocketmq_reply* reply) { delete reply; }

}  // extern "C"

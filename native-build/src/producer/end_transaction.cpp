#include "producer/end_transaction.h"

#include "protocol/codes.h"

namespace rocketmq {

namespace {

int32_t commit_or_rollback(TransactionState state) {
  switch (state) {
    case TransactionState::kCommit:
      return system_flag::kTransactionCommit;
    case TransactionState::kRollback:
      return system_flag::kTransactionRollback;
    default:
      return 0;
  }
}

}  // namespace

void send_end_transaction(ClientInstance& client, const std::string& address, const std::string& producer_group,
                          const TransactionEnd& end, TransactionState state, TimePoint deadline,
                          std::function<void(Status)> done) {
  RemotingCommand request = RemotingCommand::request(request_code::kEndTransaction);
  request.flag |= RemotingCommand::kOneWayFlag;
  request.opaque = client.remoting().next_opaque();
  request.ext_fields.add("topic", end.topic);
  request.ext_fields.add("producerGroup", producer_group);
  request.ext_fields.add("tranStateTableOffset", end.queue_offset);
  request.ext_fields.add("commitLogOffset", end.commit_log_offset);
  request.ext_fields.add("commitOrRollback", commit_or_rollback(state));
  request.ext_fields.add("fromTransactionCheck", end.from_check);
  request.ext_fields.add("msgId", end.message_id);
  if (!end.transaction_id.empty()) request.ext_fields.add("transactionId", end.transaction_id);
  if (!end.broker_name.empty()) request.ext_fields.add("bname", end.broker_name);
  std::vector<uint8_t> frame;
  if (auto encoded = encode_frame(request, frame); !encoded) return done(encoded);
  client.remoting().send_one_way(address, request.opaque, {frame.data(), frame.size()}, deadline, std::move(done));
}

}  // namespace rocketmq

package io.github.rocketffm.internal.binding;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.SymbolLookup;
import java.util.List;

/** The functions that the bindings call, and where they are found. */
public final class Symbols {
    private static volatile SymbolLookup library;

    private Symbols() {}

    /** Before the first call. */
    public static void use(SymbolLookup lookup) {
        library = lookup;
    }

    public static final List<String> FUNCTIONS = List.of(
            "rocketmq_event_on_call_ended",
            "rocketmq_event_on_check",
            "rocketmq_event_on_completed",
            "rocketmq_event_on_log",
            "rocketmq_event_on_messages",
            "rocketmq_event_on_queues_changed",
            "rocketmq_event_on_reply",
            "rocketmq_event_on_sent",
            "rocketmq_event_queue_create",
            "rocketmq_event_queue_destroy",
            "rocketmq_event_queue_take",
            "rocketmq_event_source_create",
            "rocketmq_event_source_destroy",
            "rocketmq_producer_answer_check",
            "rocketmq_producer_close",
            "rocketmq_producer_create",
            "rocketmq_producer_destroy",
            "rocketmq_producer_end_transaction",
            "rocketmq_producer_end_transaction_async",
            "rocketmq_producer_fit_batch",
            "rocketmq_producer_flush",
            "rocketmq_producer_get_client_id",
            "rocketmq_producer_get_queues",
            "rocketmq_producer_get_queues_async",
            "rocketmq_producer_get_statistics",
            "rocketmq_producer_recall",
            "rocketmq_producer_recall_async",
            "rocketmq_producer_request",
            "rocketmq_producer_request_async",
            "rocketmq_producer_send",
            "rocketmq_producer_send_async",
            "rocketmq_producer_send_batch",
            "rocketmq_producer_send_batch_async",
            "rocketmq_producer_send_half",
            "rocketmq_producer_send_half_async",
            "rocketmq_producer_send_one_way",
            "rocketmq_producer_set_reply_callback",
            "rocketmq_producer_set_transaction_options",
            "rocketmq_producer_start",
            "rocketmq_producer_warm_up",
            "rocketmq_producer_warm_up_async",
            "rocketmq_push_consumer_acknowledge",
            "rocketmq_push_consumer_close",
            "rocketmq_push_consumer_create",
            "rocketmq_push_consumer_destroy",
            "rocketmq_push_consumer_get_client_id",
            "rocketmq_push_consumer_get_statistics",
            "rocketmq_push_consumer_resume",
            "rocketmq_push_consumer_start",
            "rocketmq_push_consumer_subscribe",
            "rocketmq_push_consumer_suspend",
            "rocketmq_push_consumer_unsubscribe",
            "rocketmq_queue_list_destroy",
            "rocketmq_received_batch_release",
            "rocketmq_reply_destroy",
            "rocketmq_reply_message",
            "rocketmq_set_log_callback",
            "rocketmq_set_log_level",
            "rocketmq_simple_consumer_ack",
            "rocketmq_simple_consumer_ack_async",
            "rocketmq_simple_consumer_change_invisible_duration",
            "rocketmq_simple_consumer_change_invisible_duration_async",
            "rocketmq_simple_consumer_close",
            "rocketmq_simple_consumer_create",
            "rocketmq_simple_consumer_destroy",
            "rocketmq_simple_consumer_get_client_id",
            "rocketmq_simple_consumer_get_statistics",
            "rocketmq_simple_consumer_receive",
            "rocketmq_simple_consumer_receive_async",
            "rocketmq_simple_consumer_start",
            "rocketmq_simple_consumer_subscribe",
            "rocketmq_simple_consumer_unsubscribe",
            "rocketmq_status_name",
            "rocketmq_version");

    static MemorySegment find(SymbolLookup other, String name) {
        SymbolLookup lookup = library == null ? other : library;
        return lookup.find(name).orElseThrow(() -> new UnsatisfiedLinkError("librocketmq lacks " + name));
    }
}

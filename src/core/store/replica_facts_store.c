#include "core/store/replica_facts_store.h"

/*
 * One statement for all customers and one for the touched, from the same text. A row without its
 * time is counted and is never the last of anything; ties go to the greatest key (numbers before
 * texts, as an ANY column sorts).
 */
#define FACTS                                                                                      \
    "UPDATE replica.customer AS c SET "                                                            \
    "(last_appointment, last_appointment_status, last_appointment_service, "                       \
    " last_appointment_provider, last_appointment_cancelled_at) = "                                \
    " (SELECT a.at, a.status, a.service, a.provider, a.cancelled_at FROM replica.appointment a "   \
    "  WHERE a.customer_id = c.id AND a.at IS NOT NULL ORDER BY a.at DESC, a.key DESC LIMIT 1), "  \
    "(last_visit, last_visit_service) = "                                                          \
    " (SELECT a.at, a.service FROM replica.appointment a "                                         \
    "  WHERE a.customer_id = c.id AND a.at IS NOT NULL AND a.status = 'completed' "                \
    "  ORDER BY a.at DESC, a.key DESC LIMIT 1), "                                                  \
    "(appointment_count, last_cancellation) = "                                                    \
    " (SELECT count(*), max(CASE WHEN a.status = 'cancelled' THEN a.cancelled_at END) "            \
    "  FROM replica.appointment a WHERE a.customer_id = c.id), "                                   \
    "(conversation_count, last_contact) = "                                                        \
    " (SELECT count(*), max(v.at) FROM replica.conversation v WHERE v.customer_id = c.id), "       \
    "last_satisfaction = "                                                                         \
    " (SELECT v.satisfaction FROM replica.conversation v "                                         \
    "  WHERE v.customer_id = c.id AND v.at IS NOT NULL AND v.satisfaction IS NOT NULL "            \
    "  ORDER BY v.at DESC, v.key DESC LIMIT 1) "

#define OPEN_REQUEST                                                                               \
    "EXISTS (SELECT 1 FROM replica.request r WHERE r.conversation_key = conversation.key "         \
    "        AND r.status IN ('new', 'in_progress'))"

static const char SQL_FACTS_ALL[] = FACTS;
static const char SQL_FACTS_TOUCHED[] = FACTS "WHERE c.id IN (SELECT id FROM temp.touched)";
static const char SQL_TOUCH_OWNERS[] =
    "INSERT OR IGNORE INTO temp.touched SELECT v.customer_id FROM replica.conversation v "
    "WHERE v.key IN (SELECT key FROM temp.touched_conversation)";
static const char SQL_REQUESTS_ALL[] =
    "UPDATE replica.conversation SET has_open_request = 1 WHERE key IN "
    "(SELECT r.conversation_key FROM replica.request r WHERE r.status IN ('new', 'in_progress'))";
static const char SQL_REQUESTS_TOUCHED[] =
    "UPDATE replica.conversation SET has_open_request = " OPEN_REQUEST " "
    "WHERE key IN (SELECT key FROM temp.touched_conversation)";

bool
replica_facts_all(struct db *db, struct error *err)
{
    return db_exec(db, SQL_REQUESTS_ALL, err) && db_exec(db, SQL_FACTS_ALL, err);
}

bool
replica_facts_touched(struct db *db, struct error *err)
{
    return db_exec(db, SQL_REQUESTS_TOUCHED, err) && db_exec(db, SQL_TOUCH_OWNERS, err) &&
           db_exec(db, SQL_FACTS_TOUCHED, err);
}

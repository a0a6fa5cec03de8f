/* What a text may say of a customer: said once for the send path and for the review before it. */
#ifndef CANVASS_CORE_STORE_CUSTOMER_SAYS_H
#define CANVASS_CORE_STORE_CUSTOMER_SAYS_H

/* Columns of replica.customer c: name, service, provider, last visit. */
#define CUSTOMER_SAYS                                                                              \
    "c.name, coalesce(c.last_visit_service, c.last_appointment_service), "                         \
    "c.last_appointment_provider, c.last_visit "

#endif

#include "ui/screen/screens.h"

static const struct screen *const tabs[] = {
    &screen_dashboard, &screen_campaigns, &screen_monitor,
    &screen_inbox,     &screen_templates, &screen_settings,
};

const struct ui_screens all_screens = {
    .tabs = tabs,
    .tab_count = ARRAY_LEN(tabs),
    .unread = &screen_inbox,
    .messages = &screen_messages,
    .in_doubt = &screen_in_doubt,
    .new_campaign = &screen_wizard,
};

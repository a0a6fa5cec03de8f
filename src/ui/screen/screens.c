#include "ui/screen/screens.h"

const struct screen *const app_tab_screens[] = {
    &screen_dashboard, &screen_campaigns, &screen_monitor,
    &screen_inbox,     &screen_templates, &screen_settings,
};
const size_t app_tab_count = ARRAY_LEN(app_tab_screens);

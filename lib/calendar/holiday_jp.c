#include "lib/calendar/holiday_jp.h"

#include <stdbool.h>
#include <stddef.h>

#include "lib/base/timestamp.h"

struct rule {
    int month;
    int day; /* fixed; 0 = the `nth` Monday */
    int nth;
    int since, until; /* years, both included; 0 = no end */
    const char *ja, *en;
};

/* What a year moved stands as a row of its own, and the general rule leaves that year out. */
static const struct rule rules[] = {
    {1, 1, 0, 0, 0, "元日", "New Year's Day"},
    {1, 0, 2, 2000, 0, "成人の日", "Coming of Age Day"},
    {2, 11, 0, 0, 0, "建国記念の日", "National Foundation Day"},
    {2, 23, 0, 2020, 0, "天皇誕生日", "Emperor's Birthday"},
    {12, 23, 0, 1989, 2018, "天皇誕生日", "Emperor's Birthday"},
    {4, 29, 0, 2007, 0, "昭和の日", "Showa Day"},
    {5, 1, 0, 2019, 2019, "天皇の即位の日", "Day of the Emperor's Accession"},
    {5, 3, 0, 0, 0, "憲法記念日", "Constitution Day"},
    {5, 4, 0, 2007, 0, "みどりの日", "Greenery Day"},
    {5, 5, 0, 0, 0, "こどもの日", "Children's Day"},
    {7, 0, 3, 2003, 2019, "海の日", "Marine Day"},
    {7, 23, 0, 2020, 2020, "海の日", "Marine Day"},
    {7, 22, 0, 2021, 2021, "海の日", "Marine Day"},
    {7, 0, 3, 2022, 0, "海の日", "Marine Day"},
    {8, 11, 0, 2016, 2019, "山の日", "Mountain Day"},
    {8, 10, 0, 2020, 2020, "山の日", "Mountain Day"},
    {8, 8, 0, 2021, 2021, "山の日", "Mountain Day"},
    {8, 11, 0, 2022, 0, "山の日", "Mountain Day"},
    {9, 0, 3, 2003, 0, "敬老の日", "Respect for the Aged Day"},
    {10, 0, 2, 2000, 2019, "体育の日", "Health and Sports Day"},
    {7, 24, 0, 2020, 2020, "スポーツの日", "Sports Day"},
    {7, 23, 0, 2021, 2021, "スポーツの日", "Sports Day"},
    {10, 0, 2, 2022, 0, "スポーツの日", "Sports Day"},
    {10, 22, 0, 2019, 2019, "即位礼正殿の儀の行われる日", "Enthronement Ceremony"},
    {11, 3, 0, 0, 0, "文化の日", "Culture Day"},
    {11, 23, 0, 0, 0, "勤労感謝の日", "Labor Thanksgiving Day"},
};

/* The equinoxes of 1980 to 2099, by the formula that the almanac office's announcements follow. */
static int equinox(int64_t year, double base)
{
    int64_t since = year - 1980;

    return (int)(base + 0.242194 * (double)since) - (int)(since / 4);
}

static bool rule_fits(const struct rule *rule, int64_t year, int month, int dom, int weekday)
{
    if (rule->month != month || (rule->since != 0 && year < rule->since) ||
        (rule->until != 0 && year > rule->until))
        return false;
    return rule->day != 0 ? rule->day == dom : weekday == 1 && (dom - 1) / 7 + 1 == rule->nth;
}

/* A holiday by its own name. */
static const char *named(int64_t day, bool japanese)
{
    int weekday = timestamp_weekday(day);
    int64_t year;
    int month, dom;

    timestamp_civil_from_days(day, &year, &month, &dom);
    if (month == 3 && dom == equinox(year, 20.8431))
        return japanese ? "春分の日" : "Vernal Equinox Day";
    if (month == 9 && dom == equinox(year, 23.2488))
        return japanese ? "秋分の日" : "Autumnal Equinox Day";
    for (size_t i = 0; i < sizeof(rules) / sizeof(*rules); i++)
        if (rule_fits(&rules[i], year, month, dom, weekday))
            return japanese ? rules[i].ja : rules[i].en;
    return NULL;
}

/* Article 3, 2: the first day after a holiday on a Sunday that is not a holiday itself. */
static bool is_in_lieu(int64_t day)
{
    for (int64_t d = day - 1; named(d, false) != NULL; d--)
        if (timestamp_weekday(d) == 0)
            return true;
    return false;
}

const char *holiday_jp_name(int64_t day, enum language language)
{
    bool japanese = language == LANGUAGE_JA;
    const char *name = named(day, japanese);

    if (name != NULL)
        return name;
    if (is_in_lieu(day))
        return japanese ? "振替休日" : "Substitute Holiday";
    /* Article 3, 3: a day whose neighbours are both holidays. */
    if (named(day - 1, false) != NULL && named(day + 1, false) != NULL)
        return japanese ? "国民の休日" : "Citizens' Holiday";
    return NULL;
}

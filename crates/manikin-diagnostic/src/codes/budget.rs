//! MK14xx: budgets of real records.

codes! {
    BUDGET_EXCEEDED = "MK1401", "a budget does not hold what was asked",
    "Everything that ever leaves a source adds up. What is spent and what is reserved must stay within the total that \
     its custodian set; nothing was measured.",
    wrong: "manikin budget reserve claims-2025 --epsilon 2 --about \"a model\"   # 0.8 is left",
    mended: "manikin budget reserve claims-2025 --epsilon 0.5 --about \"a model\"";

    UNKNOWN_SOURCE = "MK1402", "no budget is set for a source",
    "Records may be learned from only after their custodian has set what may ever leave them, under the id that the \
     spec's `privacy:` block declares.",
    wrong: "manikin budget show claims-2025   # no total was set",
    mended: "manikin budget set claims-2025 --epsilon 3 --delta 1e-9";

    RESERVATION_CLOSED = "MK1403", "a reservation is not open",
    "A reservation is charged once, or released, or it expires. After that it can be neither used nor given back.",
    wrong: "manikin budget release 12   # was charged", mended: "manikin budget entries claims-2025   # what became of it";

    SAME_RECORDS = "MK1404", "records are known under another source",
    "A copy of the same records has no budget of its own: losses add up over the patients, whatever the files are \
     called. If the two hold different people, the custodian says so.",
    wrong: "source: {id: claims-copy}", mended: "source: {id: claims-2025}";

    BAD_LEDGER = "MK1405", "the ledger cannot be used",
    "The ledger of budgets is an SQLite file on a local disk, or a PostgreSQL database that a team shares. It is made \
     by `manikin budget set`.",
    wrong: "--ledger notes.txt", mended: "--ledger /secure/ledger.sqlite";

    BAD_BUDGET = "MK1406", "an amount of budget is out of range",
    "ε is a positive number; δ lies between 0 and 1, below one in the number of patients; a part of δ may be kept for \
     releases that show only what is frequent.",
    wrong: "manikin budget set claims-2025 --epsilon 0 --delta 1e-9",
    mended: "manikin budget set claims-2025 --epsilon 3 --delta 1e-9";
}

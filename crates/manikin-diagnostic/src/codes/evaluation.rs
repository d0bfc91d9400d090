//! MK10xx: evaluations and their limits.

codes! {
    BAD_LIMIT = "MK1001", "a limit of a profile cannot be used",
    "A limit names a score and one bound, `at_most` or `at_least`, and says why and from where.",
    wrong: "limits: {copies: {score: exact_match, at_most: 0.001}}",
    mended: "limits: {copies: {score: exact_match_excess, at_most: 0.001, why: copies give people away, source: ours}}";

    FOLDS_DIFFER = "MK1002", "real, holdout and synthetic data are not of one form",
    "The three datasets are read by one spec and must hold the same tables and columns, with values of the same type.",
    wrong: "real/visit.csv: id,code   synthetic/visit.csv: id,diagnosis", mended: "id,code in both";

    HOLDOUT_SHARED = "MK1003", "the holdout holds records of the real data",
    "A holdout tells what synthetic data look like that were made of other people. If the same people are in both, \
     copies of them look harmless.",
    wrong: "--real all.csv --holdout all.csv", mended: "--real train.csv --holdout holdout.csv, split by patient";

    NOTHING_TO_EVALUATE = "MK1004", "there are too few rows to evaluate",
    "Each dataset needs at least one row of the entity whose rows are people.",
    wrong: "a file with a header alone", mended: "a file with rows";
}

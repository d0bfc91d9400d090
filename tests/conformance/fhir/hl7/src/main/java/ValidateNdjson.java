import ca.uhn.fhir.context.FhirContext;
import ca.uhn.fhir.context.support.DefaultProfileValidationSupport;
import ca.uhn.fhir.context.support.IValidationSupport;
import ca.uhn.fhir.validation.FhirValidator;
import ca.uhn.fhir.validation.ResultSeverityEnum;
import ca.uhn.fhir.validation.SingleValidationMessage;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.BufferedReader;
import java.io.InputStream;
import java.io.PrintWriter;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import org.hl7.fhir.common.hapi.validation.support.CommonCodeSystemsTerminologyService;
import org.hl7.fhir.common.hapi.validation.support.InMemoryTerminologyServerValidationSupport;
import org.hl7.fhir.common.hapi.validation.support.PrePopulatedValidationSupport;
import org.hl7.fhir.common.hapi.validation.support.SnapshotGeneratingValidationSupport;
import org.hl7.fhir.common.hapi.validation.support.UnknownCodeSystemWarningValidationSupport;
import org.hl7.fhir.common.hapi.validation.support.ValidationSupportChain;
import org.hl7.fhir.common.hapi.validation.validator.FhirInstanceValidator;
import org.hl7.fhir.r5.utils.validation.constants.BestPracticeWarningLevel;
import org.hl7.fhir.utilities.npm.NpmPackage;

/**
 * Validates each line of an NDJSON file with HL7's validator, offline.
 *
 * <p>Arguments: any number of {@code --package TGZ} (definitions of an implementation guide) and {@code --definitions
 * NDJSON} (single conformance resources, which stand in front of those of the packages), then the file to validate and the
 * file to write findings to: one JSON object a line with {@code line, severity, rule, path, text}. What is to be passed
 * over is decided by the caller, not here.
 */
public final class ValidateNdjson {
  private static final ObjectMapper JSON = new ObjectMapper();
  private static final Set<String> DEFINITIONS = Set.of("StructureDefinition", "ValueSet", "CodeSystem");
  private static final int THREADS = 2;

  public static void main(String[] arguments) throws Exception {
    FhirContext context = FhirContext.forR4Cached();
    PrePopulatedValidationSupport guides = new PrePopulatedValidationSupport(context);
    List<String> files = new ArrayList<>();
    for (int i = 0; i < arguments.length; i++) {
      switch (arguments[i]) {
        case "--package" -> addPackage(context, guides, Path.of(arguments[++i]));
        case "--definitions" -> addDefinitions(context, guides, Path.of(arguments[++i]));
        default -> files.add(arguments[i]);
      }
    }
    validate(validator(context, guides), Path.of(files.get(0)), Path.of(files.get(1)));
  }

  private static void addPackage(FhirContext context, PrePopulatedValidationSupport guides, Path archive) throws Exception {
    try (InputStream bytes = Files.newInputStream(archive)) {
      NpmPackage.NpmPackageFolder folder = NpmPackage.fromPackage(bytes).getFolders().get("package");
      for (String name : folder.listFiles()) {
        if (!name.endsWith(".json") || !DEFINITIONS.contains(name.split("-")[0])) continue;
        add(context, guides, new String(folder.fetchFile(name), StandardCharsets.UTF_8));
      }
    }
  }

  private static void addDefinitions(FhirContext context, PrePopulatedValidationSupport guides, Path lines) throws Exception {
    for (String line : Files.readAllLines(lines)) if (!line.isBlank()) add(context, guides, line);
  }

  /** A code system without its codes would make every bound code an error; left out, its codes count as unknown. */
  private static void add(FhirContext context, PrePopulatedValidationSupport guides, String json) throws Exception {
    JsonNode tree = JSON.readTree(json);
    if ("not-present".equals(tree.path("content").asText())) return;
    guides.addResource(context.newJsonParser().parseResource(json));
  }

  private static FhirValidator validator(FhirContext context, PrePopulatedValidationSupport guides) {
    UnknownCodeSystemWarningValidationSupport unknown = new UnknownCodeSystemWarningValidationSupport(context);
    unknown.setNonExistentCodeSystemSeverity(IValidationSupport.IssueSeverity.WARNING);
    // The guides come first so that their canonicals win; what answers for unknown code systems must come last.
    ValidationSupportChain chain =
        new ValidationSupportChain(
            guides,
            new DefaultProfileValidationSupport(context),
            new CommonCodeSystemsTerminologyService(context),
            new InMemoryTerminologyServerValidationSupport(context),
            new SnapshotGeneratingValidationSupport(context),
            unknown);
    FhirInstanceValidator module = new FhirInstanceValidator(chain);
    module.setBestPracticeWarningLevel(BestPracticeWarningLevel.Ignore);
    module.setErrorForUnknownProfiles(true);
    module.setAnyExtensionsAllowed(false);
    module.setAssumeValidRestReferences(true);
    return context.newValidator().registerValidatorModule(module);
  }

  private static void validate(FhirValidator validator, Path input, Path output) throws Exception {
    Semaphore places = new Semaphore(THREADS * 8);
    ExecutorService workers = Executors.newFixedThreadPool(THREADS);
    try (BufferedReader lines = Files.newBufferedReader(input);
        PrintWriter findings = new PrintWriter(output.toFile(), StandardCharsets.UTF_8)) {
      int number = 0;
      for (String line = lines.readLine(); line != null; line = lines.readLine()) {
        number++;
        if (line.isBlank()) continue;
        String resource = line;
        int at = number;
        places.acquire();
        workers.execute(
            () -> {
              try {
                for (Map<String, Object> finding : findings(validator, resource, at)) {
                  String text = JSON.writeValueAsString(finding);
                  synchronized (findings) {
                    findings.println(text);
                  }
                }
              } catch (Exception failure) {
                throw new IllegalStateException("line " + at + ": " + failure.getMessage(), failure);
              } finally {
                places.release();
              }
            });
      }
      workers.shutdown();
      workers.awaitTermination(1, TimeUnit.HOURS);
    }
  }

  /** A resource that the validator cannot read at all is a finding too, not the end of the run. */
  private static List<Map<String, Object>> findings(FhirValidator validator, String resource, int line) {
    List<Map<String, Object>> found = new ArrayList<>();
    try {
      for (SingleValidationMessage message : validator.validateWithResult(resource).getMessages()) {
        if (message.getSeverity() == ResultSeverityEnum.INFORMATION) continue;
        found.add(
            finding(line, message.getSeverity().getCode(), message.getMessageId(), message.getLocationString(), message.getMessage()));
      }
    } catch (RuntimeException unreadable) {
      found.add(finding(line, "fatal", unreadable.getClass().getSimpleName(), "", unreadable.getMessage()));
    }
    return found;
  }

  private static Map<String, Object> finding(int line, String severity, String rule, String path, String text) {
    Map<String, Object> finding = new LinkedHashMap<>();
    finding.put("line", line);
    finding.put("severity", severity);
    finding.put("rule", rule == null ? "" : rule);
    finding.put("path", path == null ? "" : path);
    finding.put("text", text == null ? "" : text);
    return finding;
  }

  private ValidateNdjson() {}
}
